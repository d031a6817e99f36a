"""Fate in the sandbox: the same seed and the same names always give the same number, so that every run can be repeated."""

from hashlib import blake2b


def chance(seed: str, *names: str) -> float:
    """A number in [0, 1) that looks random and is a function of its arguments."""
    digest = blake2b("\x1f".join((seed, *names)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def between(seed: str, low: float, high: float, *names: str) -> float:
    """A number from low to high, most often near to low (the square of an even chance)."""
    return low + (high - low) * chance(seed, *names) ** 2
