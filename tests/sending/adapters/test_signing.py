"""Signing on threads: every signature comes back to whoever asked, errors too."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

from sending import dkim
from sending.adapters.signing import SigningThreads

KEY = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_many_signatures_come_back_right(count: int) -> None:
    threads = SigningThreads(count)
    digests = [bytes([n]) * 32 for n in range(100)]
    signatures = await asyncio.gather(*(threads.sign(dkim.Unsigned(b"", digest, KEY)) for digest in digests))
    for digest, signature in zip(digests, signatures, strict=True):
        KEY.public_key().verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(SHA256()))
    threads.close()


@pytest.mark.parametrize("count", [0, 1])
async def test_an_error_comes_back_too_and_a_cancelled_waiter_harms_nobody(count: int) -> None:
    threads = SigningThreads(count)
    cancelled = threads.sign(dkim.Unsigned(b"", b"x" * 32, KEY))
    cancelled.cancel()
    broken = threads.sign(dkim.Unsigned(b"", b"short", KEY))
    fine = threads.sign(dkim.Unsigned(b"", b"y" * 32, KEY))
    (error,) = await asyncio.gather(broken, return_exceptions=True)
    assert isinstance(error, ValueError)
    assert len(await fine) == 256
    threads.close()
