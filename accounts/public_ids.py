"""Public ids: what an object is called in an address. Random, so that they tell nothing and cannot be counted through."""

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0/o, 1/l/i: people read these out on the telephone
LENGTH = 12  # 31**12 = 59 bits


def new() -> str:
    """A new public id of 12 characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
