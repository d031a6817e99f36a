"""DKIM as a receiver checks it, against two signers: dkimpy's and our own."""

import base64
import hashlib
import time

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from sending import dkim as ours
from sending.mailroom import verification

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
RECORDS = {"s1._domainkey.acme.example": [f"v=DKIM1; k=rsa; p={PUBLIC}"]}
MESSAGE = (
    b"From: Acme <news@acme.example>\r\nTo: a@granite.example\r\nSubject: Tea  \t and\r\n  coffee\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"  # noqa: E501
    b"Message-ID: <1@acme.example>\r\n\r\nHello  there \r\n\r\nbye\t\r\n\r\n\r\n"
)


def texts(name: str) -> list[str]:
    return RECORDS.get(name, [])


def why(message: bytes, records: dict[str, list[str]] | None = None) -> str:
    (verdict,) = verification.verify(
        message, lambda name: (RECORDS if records is None else records).get(name, []), now=1_800_000_000
    )
    return verdict.why


@pytest.mark.parametrize(
    "way", [(b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple"), (b"simple", b"relaxed")]
)
def test_what_dkimpy_signed_passes(way: tuple[bytes, bytes]) -> None:
    signature = dkim.sign(MESSAGE, b"s1", b"acme.example", PEM, canonicalize=way)
    assert why(signature + MESSAGE) == ""


def test_what_we_signed_passes_here_and_at_dkimpy() -> None:
    signed = ours.sign_message(ours.Signer("acme.example", "s1", KEY), MESSAGE, at=1_790_000_000)
    assert why(signed) == ""
    assert dkim.verify(signed, dnsfunc=lambda name, **_: RECORDS[name.decode().rstrip(".")][0].encode())


def test_an_ed25519_signature_passes() -> None:
    """RFC 8463, section 3: the key signs the SHA-256 of what RSA would sign. Written out by hand, simple/simple."""
    key = ed25519.Ed25519PrivateKey.generate()
    body_hash = base64.b64encode(hashlib.sha256(b"Hello  there \r\n\r\nbye\t\r\n").digest()).decode()
    field = f"DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=acme.example; s=e1; h=from; bh={body_hash}; b="
    signed = b"From: Acme <news@acme.example>\r\n" + field.encode()
    signature = base64.b64encode(key.sign(hashlib.sha256(signed).digest())).decode()
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    records = {"e1._domainkey.acme.example": [f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"]}
    assert why(f"{field}{signature}\r\n".encode() + MESSAGE, records) == ""
    assert why(f"{field}{signature}\r\n".encode() + MESSAGE.replace(b"Acme", b"Acne"), records)


SIGNED = ours.sign_message(ours.Signer("acme.example", "s1", KEY), MESSAGE, at=1_790_000_000)


@pytest.mark.parametrize(
    ("message", "records", "reason"),
    [
        (SIGNED.replace(b"bye", b"buy"), None, "body was changed"),
        (SIGNED.replace(b"Subject: Tea", b"Subject: Tee"), None, "headers were changed"),
        (SIGNED.replace(b"Message-ID", b"From: b@evil.example\r\nMessage-ID"), None, "headers were changed"),
        (SIGNED, {}, "there is no key"),
        (SIGNED, {"s1._domainkey.acme.example": ["v=DKIM1; p="]}, "withdrawn"),
        (SIGNED, {"s1._domainkey.acme.example": ["v=DKIM1; p=AAAA"]}, "cannot be read"),
        (SIGNED, {"s1._domainkey.acme.example": [f"p={PUBLIC}", f"p={PUBLIC}"]}, "2 keys"),
        (SIGNED.replace(b"v=1;", b"v=2;"), None, "version"),
        (SIGNED.replace(b"v=1;", b"v=1; l=5;"), None, "part of the body"),
        (SIGNED.replace(b"v=1;", b"v=1; x=5;"), None, "expired"),
        (b"DKIM-Signature: v=1; a=rsa-sha256\r\n" + MESSAGE, None, "has no b="),
    ],
)
def test_what_does_not_hold_is_said_why(message: bytes, records: dict[str, list[str]] | None, reason: str) -> None:
    assert reason in why(message, records)


def test_lines_that_end_in_blanks_only_and_empty_bodies_are_the_same_to_both() -> None:
    for body in (b"", b"\r\n", b" \r\n\t\r\n", b"a\r\n \r\n", b"a", b"a \t b \r\n\r\n"):
        message = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
        for way in (b"relaxed", b"simple"):
            signature = dkim.sign(message, b"s1", b"acme.example", PEM, canonicalize=(way, way))
            assert why(signature + message) == "", (body, way)


@pytest.mark.parametrize("way", [(b"relaxed", b"relaxed"), (b"simple", b"simple")])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n",
        b"a",
        b"a\r\n\r\n",
        b" \r\n\t\r\n",
        b"a \r\n \r\n\r\n",
        b"  a\tb  \r\nc\r\n",
        b"a\r\n \r\n" * 50,
    ],
)
def test_dkimpy_agrees_about_every_kind_of_end(way: tuple[bytes, bytes], body: bytes) -> None:
    message = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
    signature = dkim.sign(message, b"s1", b"acme.example", PEM, canonicalize=way)
    assert why(signature + message) == ""


@pytest.mark.parametrize(
    "message",
    [
        MESSAGE + b" " * 3_000_000,
        MESSAGE + b"\r\n" * 1_500_000,
        MESSAGE + b"\r\n" * 1_500_000 + b"x",
        b"X: " + b"y\r\n " * 60_000 + b"\r\n" + MESSAGE,
        MESSAGE + b"a  b\r\n" * 500_000,
    ],
)
def test_hostile_messages_take_little_time(message: bytes) -> None:
    signature = dkim.sign(MESSAGE, b"s1", b"acme.example", PEM)
    began = time.process_time()
    verification.verify(signature * 5 + message, texts)
    assert time.process_time() - began < 5.0
