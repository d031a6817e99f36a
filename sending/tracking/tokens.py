"""Tokens in tracked links and pixels: which message, which send, which of its links; signed, short, and fast to make.

Policy: a token carries no destination. The hits app looks it up in the content that was sent, so a forged or edited link
leads nowhere (no open redirect). Nothing here knows Django: the relay makes ten a message, thousands of messages a second.

Wire form, before base64url (RFC 4648 section 5, no padding):

    version and kind (1 byte) | key id (1) | delivery (varint) | mailing (varint) | link (varint, clicks only) | MAC (9)

The MAC is BLAKE2b keyed with a key of that one message, which is itself made once a message by keyed BLAKE2b (RFC 7693).
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest

PURPOSE = "sending.tracking"  # the name under which accounts.derived_keys hands out the keys
MAC_BYTES = 9
MAX_ID = 2**63 - 1
MAX_TOKEN_CHARS = 80
# A test mail has no delivery: its links lead on, and nothing is counted.
TEST_DELIVERY = 0

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_CLICK = 0x11  # version 1, kind 1
_PIXEL = 0x12
_VIEW = 0x13


@dataclass(frozen=True, slots=True)
class Hit:
    """What a genuine token says; `link` is the link's place in the content (from 0), None for the pixel."""

    delivery_id: int
    mailing_id: int
    link: int | None

    @property
    def is_test(self) -> bool:
        return self.delivery_id == TEST_DELIVERY


class MessageTokens:
    """The tokens of one message: the costly part is done once, a link then costs about two microseconds."""

    __slots__ = ("_click", "_key", "_pixel")

    def __init__(self, *, delivery_id: int, mailing_id: int, key: bytes) -> None:
        """`key`: 32 bytes. ValueError when an id is negative or above 2**63 - 1."""
        ids = _varint(delivery_id) + _varint(mailing_id)
        key_id = _key_id(key)
        self._key = _message_key(key, ids)
        self._click = bytes((_CLICK, key_id)) + ids
        self._pixel = bytes((_PIXEL, key_id)) + ids

    def click(self, link: int) -> str:
        return self._sign(self._click + _varint(link))

    def clicks(self, count: int) -> list[str]:
        """The tokens of all links of a message: what their MACs have in common is hashed once."""
        begun, click = blake2b(self._click, key=self._key, digest_size=MAC_BYTES), self._click
        tokens = []
        for number in _varints(count):
            mac = begun.copy()
            mac.update(number)
            tokens.append(_encode(click + number + mac.digest()))
        return tokens

    def pixel(self) -> str:
        return self._sign(self._pixel)

    def view(self) -> str:
        """The token of the message's web version, which opens that page and does nothing else."""
        return self._sign(bytes((_VIEW,)) + self._pixel[1:])

    def _sign(self, body: bytes) -> str:
        return _encode(body + blake2b(body, key=self._key, digest_size=MAC_BYTES).digest())


def read(token: str, *, keys: Iterable[bytes]) -> Hit | None:
    """What the token of a link or pixel says, or None when none of `keys` made it. Never raises, whatever the text."""
    opened = _open(token, keys)
    return opened[1] if opened is not None and opened[0] in (_CLICK, _PIXEL) else None


def read_view(token: str, *, keys: Iterable[bytes]) -> Hit | None:
    """Of which message a web version's token is, or None. No other token opens that page, and this one nothing else."""
    opened = _open(token, keys)
    return opened[1] if opened is not None and opened[0] == _VIEW else None


def _open(token: str, keys: Iterable[bytes]) -> tuple[int, Hit] | None:
    if not token or len(token) > MAX_TOKEN_CHARS:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if _encode(raw) != token:
            return None  # one token has one spelling
        kind, body, mac = raw[0], raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        delivery_id, at = _read_varint(body, 2)
        mailing_id, ids_end = _read_varint(body, at)
        if kind == _CLICK:
            link, end = _read_varint(body, ids_end)
        elif kind in (_PIXEL, _VIEW):
            link, end = None, ids_end
        else:
            return None
    except (binascii.Error, ValueError, IndexError):
        return None
    if end != len(body):
        return None
    ids = body[2:ids_end]
    for key in keys:
        if _key_id(key) == body[1]:
            expected = blake2b(body, key=_message_key(key, ids), digest_size=MAC_BYTES).digest()
            if compare_digest(expected, mac):
                return kind, Hit(delivery_id, mailing_id, link)
    return None


def _message_key(key: bytes, ids: bytes) -> bytes:
    return blake2b(ids, key=key, digest_size=32, person=b"posthouse hits").digest()


@lru_cache(maxsize=16)
def _key_id(key: bytes) -> int:
    return blake2b(key, digest_size=1, person=b"posthouse key id").digest()[0]


def _encode(raw: bytes) -> str:
    """base64.urlsafe_b64encode, without its detours."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


@lru_cache(maxsize=256)
def _varints(count: int) -> tuple[bytes, ...]:
    return tuple(_varint(number) for number in range(count))


def _varint(number: int) -> bytes:
    if not 0 <= number <= MAX_ID:
        raise ValueError(f"{number} is not an id")
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | (number & 0x7F))
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            if number > MAX_ID:
                raise ValueError("an id of more than 63 bits")
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a varint of more than 64 bits")
