"""Signing on threads: every signature comes back to whoever asked, errors too."""

import asyncio

from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256

from sending import dkim
from sending.adapters.signing import SigningThreads

KEY = rsa.generate_private_key(65537, 2048)


async def test_many_signatures_come_back_right() -> None:
    threads = SigningThreads(3)
    digests = [bytes([n]) * 32 for n in range(100)]
    signatures = await asyncio.gather(*(threads.sign(dkim.Unsigned(b"", digest, KEY)) for digest in digests))
    for digest, signature in zip(digests, signatures, strict=True):
        KEY.public_key().verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(SHA256()))
    threads.close()


async def test_an_error_comes_back_too_and_a_cancelled_waiter_harms_nobody() -> None:
    threads = SigningThreads(1)
    cancelled = threads.sign(dkim.Unsigned(b"", b"x" * 32, KEY))
    cancelled.cancel()
    broken = threads.sign(dkim.Unsigned(b"", b"short", KEY))
    fine = threads.sign(dkim.Unsigned(b"", b"y" * 32, KEY))
    (error,) = await asyncio.gather(broken, return_exceptions=True)
    assert isinstance(error, ValueError)
    assert len(await fine) == 256
    threads.close()
