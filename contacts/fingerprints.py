"""The keyed hash under which an erased person's address stays known, so that nobody brings it back unawares.

SHA-256 over a derived key and the normalised address, as lower-case hex. A plain prefix instead of HMAC, so that
PostgreSQL can compute it for a million staged rows (`sql`); length extension is no use to anybody here.
"""

import hashlib

from accounts import derived_keys

_PURPOSE = "contacts.fingerprints"
PREFIX = "hash:"  # of Suppression.address_key


def of(address_key: str) -> str:
    """64 hex digits, made with the newest key."""
    return _digest(derived_keys.keys_for(_PURPOSE)[0], address_key)


def all_of(address_key: str) -> list[str]:
    """Under every key that still counts, the newest first."""
    return [_digest(key, address_key) for key in derived_keys.keys_for(_PURPOSE)]


def listed(address_key: str) -> list[str]:
    """As they stand on the do-not-send list."""
    return [PREFIX + digest for digest in all_of(address_key)]


def sql(column: str) -> tuple[str, list[list[bytes]]]:
    """A SQL array of what `listed` gives for the address in `column`, and its one parameter: the keys (bytea[])."""
    digest = f"encode(sha256(k.key || convert_to({column}, 'UTF8')), 'hex')"
    return f"(SELECT array_agg('{PREFIX}' || {digest}) FROM unnest(%s::bytea[]) k(key))", [_keys()]


def _keys() -> list[bytes]:
    return list(derived_keys.keys_for(_PURPOSE))


def _digest(key: bytes, address_key: str) -> str:
    return hashlib.sha256(key + address_key.encode("utf-8")).hexdigest()
