"""The token in a mail's unsubscribe and preference links: who it is for, signed, and good for ever.

Policy: a token may unsubscribe, choose topics and pause, and nothing more, because mail gets forwarded. It is no row in a
table, so no clean-up can break a link that law wants to work (CAN-SPAM: 30 days, CASL: 60 days; we never stop).

Wire form, before base64url (RFC 4648 section 5, no padding):

    version (1 byte) | key id (1) | organization (varint) | contact (varint) | about (rest) | HMAC-SHA256 cut to 12 bytes

`about` is opaque here: sending passes what it calls the message. A letter and a number ("d1234") take few bytes, so that
`<https://links.example.com/u/{token}>` stays within 76 characters: longer ones get folded or RFC 2047-encoded by some
mail software, and one-click unsubscribe is silently dead.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from accounts import derived_keys

VERSION = 1
MAC_BYTES = 12
MAX_ID = 2**63 - 1
MAX_ABOUT_BYTES = 64
MAX_TOKEN_CHARS = 160
# A test mail has no contact: its links work, and its pages say that it was a test.
TEST_CONTACT = 0

_PURPOSE = "contacts.tokens"
_COMPACT_ABOUT = re.compile(r"[a-z](?:0|[1-9][0-9]{0,17})", re.ASCII)
_TEXT_ABOUT = 0
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says. `about` is what the sender of the mail put in, "" if nothing."""

    organization_id: int
    contact_id: int
    about: str
    version: int = VERSION

    @property
    def is_test(self) -> bool:
        return self.contact_id == TEST_CONTACT


def mint(*, organization_id: int, contact_id: int, about: str = "") -> str:
    """A token for the path of a link, 30 to 45 characters for usual ids. ValueError when an id or `about` is out of range."""
    return _encode(_raw(organization_id, contact_id, about))


def mint_both(*, organization_id: int, contact_id: int, about: str = "") -> tuple[str, str]:
    """The token of `mint`, and the same as `for_address` writes it: a message needs both."""
    raw = _raw(organization_id, contact_id, about)
    return _encode(raw), _encode_for_address(raw)


def read(token: str) -> Token | None:
    """What the token says, or None when we did not make it. Never raises, whatever the text."""
    if not token or len(token) > MAX_TOKEN_CHARS:
        return None
    return _open(_decode(token))


def for_address(token: str) -> str:
    """The same token for the local part of an address, where upper and lower case may get lost: base32, lower case."""
    raw = _decode(token)
    if raw is None:
        raise ValueError("not a token")
    return _encode_for_address(raw)


def read_address(text: str) -> Token | None:
    """What a token made by `for_address` says, or None when we did not make it. Never raises."""
    if not text or len(text) > MAX_TOKEN_CHARS or not text.isascii():
        return None
    try:
        raw = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return _open(raw)


def _raw(organization_id: int, contact_id: int, about: str) -> bytes:
    key = derived_keys.keys_for(_PURPOSE)[0]
    body = bytes((VERSION, _key_id(key))) + _varint(organization_id) + _varint(contact_id) + _pack_about(about)
    return body + _mac(key, body)


def _open(raw: bytes | None) -> Token | None:
    if raw is None or len(raw) < 2 + 2 + MAC_BYTES or raw[0] != VERSION:
        return None
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    keys = (key for key in derived_keys.keys_for(_PURPOSE) if _key_id(key) == body[1])
    if not any(hmac.compare_digest(_mac(key, body), mac) for key in keys):
        return None
    try:
        organization_id, at = _read_varint(body, 2)
        contact_id, at = _read_varint(body, at)
        return Token(organization_id, contact_id, _unpack_about(body[at:]), raw[0])
    except (ValueError, IndexError):
        return None


def _mac(key: bytes, body: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104). Each message needs one: with the key's part hashed before, it takes a sixth of hmac.digest."""
    inner, outer = _keyed(key)
    inner, outer = inner.copy(), outer.copy()
    inner.update(body)
    outer.update(inner.digest())
    return outer.digest()[:MAC_BYTES]


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> tuple[Any, Any]:
    """The hashes of the key's inner and outer pad; keys have at most a block of 64 octets."""
    block = key.ljust(64, b"\0")
    return sha256(bytes(octet ^ 0x36 for octet in block)), sha256(bytes(octet ^ 0x5C for octet in block))


@lru_cache(maxsize=16)
def _key_id(key: bytes) -> int:
    return derived_keys.key_id(key)


def _pack_about(about: str) -> bytes:
    if not about:
        return b""
    if _COMPACT_ABOUT.fullmatch(about):
        return about[0].encode("ascii") + _varint(int(about[1:]))
    text = about.encode("utf-8")
    if len(text) > MAX_ABOUT_BYTES:
        raise ValueError(f"about is longer than {MAX_ABOUT_BYTES} bytes")
    return bytes((_TEXT_ABOUT,)) + text


def _unpack_about(packed: bytes) -> str:
    if not packed:
        return ""
    if packed[0] == _TEXT_ABOUT:
        return packed[1:].decode("utf-8")
    number, end = _read_varint(packed, 1)
    if end != len(packed):
        raise ValueError("more follows")
    return chr(packed[0]) + str(number)


def _varint(number: int) -> bytes:
    if not 0 <= number <= MAX_ID:
        raise ValueError(f"{number} is not an id")
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
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a varint of more than 64 bits")


def _encode(raw: bytes) -> str:
    """base64.urlsafe_b64encode, without its detours."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


def _encode_for_address(raw: bytes) -> str:
    return base64.b32encode(raw).rstrip(b"=").lower().decode("ascii")


def _decode(token: str) -> bytes | None:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # One token has one spelling: otherwise rate limits and logs could be dodged by respelling it.
    return raw if _encode(raw) == token else None
