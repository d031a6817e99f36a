"""DKIM signatures (RFC 6376): rsa-sha256, relaxed/relaxed, no l=, on bytes and with keys that are parsed once.

Policy: From, To, Subject and what mail programs act on are named once more than they occur ("oversigned"), so that nobody
can add a second one under our signature. Trap: parsing an RSA key with its checks costs a hundred signatures, so keys are
checked when they are made and only loaded here.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

# Signed once more than they occur, present or not.
OVERSIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
)
# Signed where they occur.
SIGNED = frozenset(
    {
        *OVERSIGNED,
        b"cc",
        b"sender",
        b"mime-version",
        b"content-type",
        b"content-transfer-encoding",
        b"list-id",
        b"in-reply-to",
        b"references",
        b"auto-submitted",
        b"precedence",
        b"cfbl-address",
        b"cfbl-feedback-id",
        b"tls-report-domain",
        b"tls-report-submitter",
    }
)

_BLANKS = re.compile(rb"[ \t]+")
_FOLDS = re.compile(rb"\r\n(?=[ \t])")
_PKCS1 = padding.PKCS1v15()
_PREHASHED = utils.Prehashed(hashes.SHA256())
_SIGNATURE_LINE = 72


class KeyUnusable(ValueError):
    """The text is no RSA private key of 1024 bits or more in PEM."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the domain (d=), the selector (s=) and the key."""

    domain: str
    selector: str
    key: RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A DKIM-Signature up to `b=`, and the SHA-256 that the key has to sign."""

    header: bytes
    digest: bytes
    key: RSAPrivateKey


@lru_cache(maxsize=20_000)
def load_key(pem: bytes) -> RSAPrivateKey:
    """The key in a PEM text, unchecked. KeyUnusable when it is none."""
    try:
        key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError) as error:
        raise KeyUnusable("This is no private key in PEM.") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < 1024:
        raise KeyUnusable("A DKIM key has to be RSA with at least 1024 bits.")
    return key


def relaxed_field(field: bytes) -> bytes:
    """One header field with its CRLF, in relaxed canonical form (RFC 6376 3.4.2)."""
    name, _, value = field.partition(b":")
    if b"\t" not in field and b"  " not in field and b"\n " not in field:  # most of ours
        return name.rstrip(b" ").lower() + b":" + value.rstrip(b"\r\n").strip(b" ") + b"\r\n"
    value = _BLANKS.sub(b" ", _FOLDS.sub(b"", value).rstrip(b"\r\n")).strip(b" \t")
    return name.rstrip(b" \t").lower() + b":" + value + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """A body (CRLF lines) in relaxed canonical form (RFC 6376 3.4.4)."""
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = _BLANKS.sub(b" ", body)
        body = body.replace(b" \r\n", b"\r\n")
    if body.endswith((b" ", b"\t")):
        body = body.rstrip(b" \t")
    end = len(body)
    while body[end - 2 : end] == b"\r\n" and end >= 2:
        end -= 2
    if not end:
        return b""
    return body if body[end:] == b"\r\n" else body[:end] + b"\r\n"


def prepare(signer: Signer, fields: Sequence[tuple[bytes, bytes]], *, body_hash: bytes, at: int) -> Unsigned:
    """What is left to sign. `fields`: (lower-case name, canonical field with CRLF) in the order of the message;
    `body_hash`: SHA-256 of the canonical body; `at`: seconds since 1970 for t=.
    """
    by_name: dict[bytes, list[bytes]] = {}
    for name, canonical in fields:
        if name in SIGNED:
            by_name.setdefault(name, []).append(canonical)
    names: list[bytes] = []
    parts: list[bytes] = []
    for name, occurrences in by_name.items():
        # Counted from the bottom of the message up (RFC 6376 5.4.2).
        names.extend([name] * len(occurrences))
        parts.extend(reversed(occurrences))
    names.extend(OVERSIGNED)
    header = _header(signer.domain, signer.selector, tuple(names), at, base64.b64encode(body_hash))
    parts.append(relaxed_field(header).removesuffix(b"\r\n"))
    return Unsigned(header, sha256(b"".join(parts)).digest(), signer.key)


def sign(unsigned: Unsigned) -> bytes:
    """The raw signature: the costly part, which frees the interpreter for other threads."""
    return unsigned.key.sign(unsigned.digest, _PKCS1, _PREHASHED)


def finish(unsigned: Unsigned, signature: bytes) -> bytes:
    """The whole DKIM-Signature field with CRLF."""
    text = base64.b64encode(signature)
    lines = [text[at : at + _SIGNATURE_LINE] for at in range(0, len(text), _SIGNATURE_LINE)]
    return unsigned.header + b"\r\n ".join(lines) + b"\r\n"


def sign_message(signer: Signer, message: bytes, *, at: int) -> bytes:
    """A whole message (CRLF lines) with a DKIM-Signature in front. For single messages and checks, not for the hot path."""
    fields, body = split(message)
    unsigned = prepare(
        signer,
        [(name_of(field), relaxed_field(field)) for field in fields],
        body_hash=sha256(relaxed_body(body)).digest(),
        at=at,
    )
    return finish(unsigned, sign(unsigned)) + message


def split(message: bytes) -> tuple[list[bytes], bytes]:
    """The header fields, each with its folds and CRLF, and the body."""
    head, blank, body = message.partition(b"\r\n\r\n")
    if message.startswith(b"\r\n"):
        head, body = b"", message[2:]
    fields: list[bytes] = []
    for line in head.split(b"\r\n") if head else ():
        if fields and line[:1] in (b" ", b"\t"):
            fields[-1] += line + b"\r\n"
        else:
            fields.append(line + b"\r\n")
    return fields, body if blank or not head else b""


def name_of(field: bytes) -> bytes:
    """The lower-case name of a header field."""
    return field.partition(b":")[0].rstrip(b" \t").lower()


def _header(domain: str, selector: str, names: tuple[bytes, ...], at: int, body_hash: bytes) -> bytes:
    return _header_until_time(domain, selector, names) + b"%d;\r\n bh=%s;\r\n b=" % (at, body_hash)


@lru_cache(maxsize=4096)
def _header_until_time(domain: str, selector: str, names: tuple[bytes, ...]) -> bytes:
    head = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d={domain}; s={selector};\r\n h=".encode("ascii")
    return head + _folded_names(names) + b";\r\n t="


def _folded_names(names: Iterable[bytes]) -> bytes:
    lines: list[bytes] = []
    line = b""
    for name in names:
        if line and len(line) + len(name) > _SIGNATURE_LINE:
            lines.append(line + b":")
            line = name
        else:
            line = line + b":" + name if line else name
    lines.append(line)
    return b"\r\n ".join(lines)
