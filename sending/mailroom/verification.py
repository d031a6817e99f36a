"""Verifying DKIM signatures as a receiver does (RFC 6376, RFC 8463): rsa-sha256 and ed25519-sha256, simple and relaxed.

Policy: written apart from the code that signs, on purpose: a mistake shared by both would be seen by nobody here. It reads
what strangers write, so every step is linear in the size of the message, and what is beyond a limit does not pass.
"""

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

MAX_SIGNATURES = 5
MIN_RSA_BITS, MAX_RSA_BITS = 1024, 8192
MAX_HEADER = 262_144  # octets

Texts = Callable[[str], list[str]]  # a name to its TXT records


@dataclass(frozen=True)
class Verdict:
    """What became of one signature: `domain` is its d=, `why` says what is wrong ("" when it passes)."""

    domain: str
    selector: str
    why: str = ""

    @property
    def passed(self) -> bool:
        return not self.why


class _Wrong(Exception):
    """Why a signature does not hold."""


class _BodyHashes:
    """The body's hash in base64, made once for each way of writing it."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._known: dict[str, str] = {}

    def of(self, way: str) -> str:
        if way not in self._known:
            canonical = _relaxed_body(self._body) if way == "relaxed" else _simple_body(self._body)
            self._known[way] = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
        return self._known[way]


def verify(message: bytes, texts: Texts, *, now: float | None = None) -> list[Verdict]:
    """The verdict on each DKIM-Signature of a message with CRLF lines, at most five of them."""
    head, _, body = message.partition(b"\r\n\r\n")
    if len(head) > MAX_HEADER:
        return []
    fields = _fields(head)
    hashes = _BodyHashes(body)
    verdicts = []
    for raw in [field for name, field in fields if name == b"dkim-signature"][:MAX_SIGNATURES]:
        tags = _tags(raw.split(b":", 1)[1].decode("ascii", "replace"))
        domain, selector = tags.get("d", "").lower(), tags.get("s", "")
        try:
            _check(raw, tags, fields, hashes, texts, time.time() if now is None else now)
            verdicts.append(Verdict(domain, selector))
        except _Wrong as wrong:
            verdicts.append(Verdict(domain, selector, str(wrong)))
    return verdicts


def _check(
    raw: bytes, tags: dict[str, str], fields: list[tuple[bytes, bytes]], hashes: "_BodyHashes", texts: Texts, now: float
) -> None:
    for needed in ("v", "a", "b", "bh", "d", "h", "s"):
        if not tags.get(needed):
            raise _Wrong(f"the signature has no {needed}=")
    if tags["v"] != "1":
        raise _Wrong("its version is not 1")
    if "l" in tags:
        raise _Wrong("it signs only a part of the body (l=)")
    if tags.get("x", "").isdigit() and int(tags["x"]) < now:
        raise _Wrong("it has expired")
    names = [name.strip().lower().encode() for name in tags["h"].split(":")]
    if b"from" not in names:
        raise _Wrong("it does not sign From")
    head_way, _, body_way = tags.get("c", "simple/simple").lower().partition("/")
    body_way = body_way or "simple"
    if head_way not in ("simple", "relaxed") or body_way not in ("simple", "relaxed"):
        raise _Wrong(f"c={tags['c']} is not known")
    if hashes.of(body_way) != re.sub(r"\s", "", tags["bh"]):
        raise _Wrong("the body was changed after it was signed (bh=)")
    signed = _signed_octets(raw, names, fields, head_way)
    try:
        signature = base64.b64decode(re.sub(r"\s", "", tags["b"]), validate=True)
    except (binascii.Error, ValueError):
        raise _Wrong("b= is not base64") from None
    key = _key(f"{tags['s']}._domainkey.{tags['d']}", texts)
    try:
        if tags["a"] == "rsa-sha256" and isinstance(key, rsa.RSAPublicKey):
            if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
                raise _Wrong(f"its key has {key.key_size} bits")
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
        elif tags["a"] == "ed25519-sha256" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, hashlib.sha256(signed).digest())
        else:
            raise _Wrong(f"a={tags['a']} does not go with the published key")
    except InvalidSignature:
        raise _Wrong("the headers were changed after they were signed, or the key is another") from None


def _signed_octets(raw: bytes, names: list[bytes], fields: list[tuple[bytes, bytes]], way: str) -> bytes:
    """RFC 6376, section 5.4.2: for each name in h= the last field not used yet; names without a field count as empty."""
    left: dict[bytes, list[bytes]] = {}
    for name, field in fields:
        left.setdefault(name, []).append(field)
    canonical = _relaxed_field if way == "relaxed" else bytes
    parts = [canonical(left[name].pop()) for name in names if left.get(name)]
    without_b = re.sub(rb"(^|[;:]|\s)b\s*=[^;]*", lambda m: m.group(1) + b"b=", raw, count=1)
    last = canonical(without_b)
    return b"\r\n".join([*parts, last])


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Each header field as (lower-case name, raw octets without its last CRLF)."""
    fields: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, value + b"\r\n" + line)
        elif b":" in line:
            fields.append((line.split(b":", 1)[0].strip().lower(), line))
    return fields


def _relaxed_field(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    return name.strip().lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def _relaxed_body(body: bytes) -> bytes:
    lines = [
        re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") if b"\t" in line or b"  " in line or line[-1:] == b" " else line
        for line in _without_end(body, b" \t").split(b"\r\n")
    ]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join(lines) + b"\r\n" if lines else b""


def _simple_body(body: bytes) -> bytes:
    body = _without_end(body, b"")
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n"


def _without_end(body: bytes, blanks: bytes) -> bytes:
    """Without the empty lines at the end, all at once, for there may be millions; as it is if a CR or LF there stands alone."""
    short = body.rstrip(blanks + b"\r\n")
    tail = body[len(short) :]
    pairs = tail.count(b"\r\n")
    return short if tail.count(b"\r") == tail.count(b"\n") == pairs else body


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if equals:
            tags.setdefault(name.strip(), re.sub(r"\s+", " ", value).strip())
    return tags


def _key(name: str, texts: Texts) -> object:
    records = texts(name)
    if not records:
        raise _Wrong(f"there is no key at {name}")
    if len(records) > 1:
        raise _Wrong(f"there are {len(records)} keys at {name}")
    tags = _tags(records[0])
    if tags.get("v", "DKIM1") != "DKIM1":
        raise _Wrong(f"the record at {name} is no DKIM key")
    if not tags.get("p"):
        raise _Wrong(f"the key at {name} was withdrawn")
    key = _load(tags.get("k", "rsa"), re.sub(r"\s", "", tags["p"]))
    if key is None:
        raise _Wrong(f"the key at {name} cannot be read")
    return key


@lru_cache(maxsize=500)
def _load(kind: str, p: str) -> object | None:
    try:
        octets = base64.b64decode(p, validate=True)
        return ed25519.Ed25519PublicKey.from_public_bytes(octets) if kind == "ed25519" else load_der_public_key(octets)
    except (ValueError, binascii.Error):
        return None
