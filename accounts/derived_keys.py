"""Derives one key for each purpose from SECRET_KEY, so that no two kinds of token or secret share a key.

Policy: the newest key comes first and makes everything new; keys of SECRET_KEY_FALLBACKS only read what was made before
SECRET_KEY was changed. Trap: dropping a fallback kills every token made under it, for ever (mail lives for years).
"""

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32


def keys_for(purpose: str) -> tuple[bytes, ...]:
    """The 32-byte keys of one purpose (like "contacts.tokens"), the one to make things with first (HKDF, RFC 5869)."""
    return _derive(purpose, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def key_id(key: bytes) -> int:
    """A number from 0 to 255 that tells which key was used; it only saves time, two keys may share it."""
    return HKDF(algorithm=SHA256(), length=1, salt=None, info=b"posthouse key id").derive(key)[0]


@lru_cache(maxsize=64)
def _derive(purpose: str, secrets: tuple[str | bytes, ...]) -> tuple[bytes, ...]:
    info = b"posthouse/" + purpose.encode()
    octets = (secret if isinstance(secret, bytes) else secret.encode() for secret in secrets)
    return tuple(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret) for secret in octets)
