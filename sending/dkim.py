"""DKIM signatures (RFC 6376): rsa-sha256 and ed25519-sha256 (RFC 8463), relaxed/relaxed, no l=, on bytes and with keys that
are parsed once.

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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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
    """The text is no private key in PEM that DKIM knows: RSA of 1024 bits or more, or Ed25519."""


Key = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the domain (d=), the selector (s=) and the key."""

    domain: str
    selector: str
    key: Key


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A DKIM-Signature up to `b=`, and the SHA-256 that the key has to sign."""

    header: bytes
    digest: bytes
    key: Key


@lru_cache(maxsize=20_000)
def load_key(pem: bytes) -> Key:
    """The key in a PEM text, unchecked. KeyUnusable when it is none."""
    try:
        key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError) as error:
        raise KeyUnusable("This is no private key in PEM.") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey) or key.key_size < 1024:
        raise KeyUnusable("A DKIM key has to be Ed25519, or RSA with at least 1024 bits.")
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
    algorithm = "rsa-sha256" if isinstance(signer.key, RSAPrivateKey) else "ed25519-sha256"
    names = tuple([name for name, _ in fields])
    head, canonical, order = _plan(algorithm, signer.domain, signer.selector, names)
    encoded = base64.b64encode(body_hash)
    parts = [fields[place][1] for place in order]
    parts.append(canonical + b"%d; bh=%s; b=" % (at, encoded))
    return Unsigned(head + b"%d;\r\n bh=%s;\r\n b=" % (at, encoded), sha256(b"".join(parts)).digest(), signer.key)


def sign(unsigned: Unsigned) -> bytes:
    """The raw signature: with RSA the costly part, which frees the interpreter for other threads."""
    if isinstance(unsigned.key, Ed25519PrivateKey):
        return unsigned.key.sign(unsigned.digest)  # PureEdDSA of the hash (RFC 8463, section 3)
    return unsigned.key.sign(unsigned.digest, _PKCS1, _PREHASHED)


def finish(unsigned: Unsigned, signature: bytes) -> bytes:
    """The whole DKIM-Signature field with CRLF."""
    text = base64.b64encode(signature)
    lines = [text[at : at + _SIGNATURE_LINE] for at in range(0, len(text), _SIGNATURE_LINE)]
    return unsigned.header + b"\r\n ".join(lines) + b"\r\n"


def signature(signer: Signer, fields: Sequence[tuple[bytes, bytes]], *, body_hash: bytes, at: int) -> bytes:
    """The whole DKIM-Signature field at once; see `prepare`. For Ed25519, which costs a tenth of RSA."""
    unsigned = prepare(signer, fields, body_hash=body_hash, at=at)
    return finish(unsigned, sign(unsigned))


def sign_message(signer: Signer, message: bytes, *, at: int) -> bytes:
    """A whole message (CRLF lines) with a DKIM-Signature in front. For single messages and checks, not for the hot path."""
    fields, body = split(message)
    canonical = [(name_of(field), relaxed_field(field)) for field in fields]
    return signature(signer, canonical, body_hash=sha256(relaxed_body(body)).digest(), at=at) + message


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


@lru_cache(maxsize=4096)
def _plan(algorithm: str, domain: str, selector: str, names: tuple[bytes, ...]) -> tuple[bytes, bytes, tuple[int, ...]]:
    """For the fields of one kind of message: the DKIM-Signature up to the time, the same in canonical form, and which fields are
    hashed, in that order.
    """
    by_name: dict[bytes, list[int]] = {}
    for at, name in enumerate(names):
        if name in SIGNED:
            by_name.setdefault(name, []).append(at)
    signed: list[bytes] = []
    order: list[int] = []
    for name, places in by_name.items():
        # Counted from the bottom of the message up (RFC 6376 5.4.2).
        signed.extend([name] * len(places))
        order.extend(reversed(places))
    head = f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain}; s={selector};\r\n h=".encode(
        "ascii"
    )
    head += _folded_names([*signed, *OVERSIGNED]) + b";\r\n t="
    return head, relaxed_field(head).removesuffix(b"\r\n"), tuple(order)


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
