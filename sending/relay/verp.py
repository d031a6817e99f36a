"""Return paths: a signed token in the envelope sender tells which message a bounce is about (VERP, but opaque).

Policy: only a token that we signed may change anything, and a token never shows the recipient's address. Local parts lose
their case on the way (RFC 5321 2.4 forbids it, machines do it), so the token is base32.

    local part = "b1-" base32( delivery id, big-endian without leading zeros | MAC (8 bytes) )
"""

import base64
import binascii
from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest

PURPOSE = "sending.verp"  # the name under which accounts.derived_keys hands out the secret
PREFIX = "b1-"
MAC_BYTES = 8
MAX_ID = 2**63 - 1
_MAX_CHARS = len(PREFIX) + 26  # 8 + 8 bytes in base32


def mint(delivery_id: int, *, secret: bytes) -> str:
    """The local part of the return path of one delivery: 19 to 29 characters. ValueError when the id is out of range."""
    if not 0 < delivery_id <= MAX_ID:
        raise ValueError(f"{delivery_id} is not a delivery's id")
    body = delivery_id.to_bytes((delivery_id.bit_length() + 7) // 8, "big")
    mac = blake2b(body, key=secret, digest_size=MAC_BYTES, person=b"posthouse verp").digest()
    return PREFIX + base64.b32encode(body + mac).rstrip(b"=").decode("ascii").lower()


def read(localpart: str, *, secrets: Iterable[bytes]) -> int | None:
    """The delivery's id, or None when none of `secrets` signed this local part. Never raises, whatever the text."""
    token = localpart.lower()
    if not token.startswith(PREFIX) or len(token) > _MAX_CHARS or not token.isascii():
        return None
    text = token[len(PREFIX) :].upper()
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    body = raw[:-MAC_BYTES]
    if not body:
        return None
    delivery_id = int.from_bytes(body, "big")
    if not 0 < delivery_id <= MAX_ID:
        return None
    for secret in secrets:
        if compare_digest(mint(delivery_id, secret=secret).encode(), token.encode()):
            return delivery_id
    return None
