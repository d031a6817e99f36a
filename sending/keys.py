"""Secrets at rest: encrypts DKIM keys and those of ESPs under a key made from SECRET_KEY: a copy of the database sends nothing.

Wire form: version (1 byte) | key id (1) | nonce (12) | AES-256-GCM ciphertext and tag. The purpose is authenticated too, so
a secret cannot be moved to another column. Trap: dropping a SECRET_KEY from the fallbacks before `is_stale` rows are
written anew loses them.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts import derived_keys

VERSION = 1
NONCE_BYTES = 12
DKIM = "dkim private key"
ESP = "what an ESP is spoken to with"
ESP_REPORTS = "what an ESP's reports are known by"

_PURPOSE = "sending.keys"


class Unreadable(ValueError):
    """The secret was not made with any of our keys, or was changed."""


def encrypt(secret: bytes, *, purpose: str) -> bytes:
    """The secret, sealed with the newest key."""
    key = derived_keys.keys_for(_PURPOSE)[0]
    head = bytes((VERSION, derived_keys.key_id(key)))
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + AESGCM(key).encrypt(nonce, secret, head + purpose.encode())


def decrypt(sealed: bytes | memoryview, *, purpose: str) -> bytes:
    """The secret again. Raises Unreadable."""
    raw = bytes(sealed)
    head, nonce, body = raw[:2], raw[2 : 2 + NONCE_BYTES], raw[2 + NONCE_BYTES :]
    if len(head) == 2 and head[0] == VERSION and len(nonce) == NONCE_BYTES:
        for key in derived_keys.keys_for(_PURPOSE):
            if derived_keys.key_id(key) == head[1]:
                try:
                    return AESGCM(key).decrypt(nonce, body, head + purpose.encode())
                except InvalidTag:
                    continue
    raise Unreadable("This secret was sealed with a SECRET_KEY that is gone. Put it into SECRET_KEY_FALLBACKS.")


def is_stale(sealed: bytes | memoryview) -> bool:
    """Whether it should be sealed anew, because the newest key has changed."""
    return bytes(sealed)[:2] != bytes((VERSION, derived_keys.key_id(derived_keys.keys_for(_PURPOSE)[0])))
