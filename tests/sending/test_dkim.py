"""DKIM: what we sign is verified by somebody else's verifier, and a changed message is not."""

# ruff: noqa: E501  (what stands in tables and SQL is easier to read on one line)

import base64
from hashlib import sha256

import dkim as verifier
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from sending import dkim
from sending.mailroom import verification

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)
SIGNER = dkim.Signer("example.com", "s1", dkim.load_key(PEM))
MESSAGE = b"From: News <news@example.com>\r\nTo: a@b.example\r\nSubject: Hello\r\n  there \t you\r\nDate: today\r\n\r\nHi,\r\n\r\n  two  blanks \r\n\r\n\r\n"

bodies = st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"a", b".", b"=", b"word"]), max_size=40).map(b"".join)


def verifies(message: bytes) -> bool:
    return bool(verifier.verify(message, dnsfunc=lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + PUBLIC))


def test_a_signed_message_verifies() -> None:
    signed = dkim.sign_message(SIGNER, MESSAGE, at=1_795_000_000)
    assert verifies(signed)
    assert signed.endswith(MESSAGE)
    assert max(map(len, signed.split(b"\r\n"))) < 80


@settings(max_examples=40, deadline=None)
@given(bodies)
def test_any_body_verifies(body: bytes) -> None:
    assert verifies(dkim.sign_message(SIGNER, b"From: a@example.com\r\nSubject: x\r\n\r\n" + body + b"\r\n", at=1))


@given(bodies)
def test_relaxed_bodies_are_like_somebody_elses(body: bytes) -> None:
    from dkim.canonicalization import Relaxed

    ours = dkim.relaxed_body(body + b"\r\n")
    assert ours == Relaxed.canonicalize_body(body + b"\r\n")
    assert dkim.relaxed_body(ours) == ours


@given(st.lists(st.sampled_from([b"\r\n ", b"\r\n\t", b" ", b"\t", b"a", b":", b"Word"]), max_size=12).map(b"".join))
def test_relaxed_fields_are_like_somebody_elses(value: bytes) -> None:
    from dkim.canonicalization import Relaxed

    ((name, canonical),) = Relaxed.canonicalize_headers([(b"Subject", value + b"\r\n")])
    assert dkim.relaxed_field(b"Subject:" + value + b"\r\n") == name + b":" + canonical


@pytest.mark.parametrize(
    "change",
    [
        (b"Hello", b"Hullo"),
        (b"Hi,", b"Ho,"),
        (b"\r\nTo: ", b"\r\nTo: x@y.example\r\nTo: "),
        (b"\r\nSubject: ", b"\r\nSubject: buy\r\nSubject: "),
        (b"\r\nFrom: ", b"\r\nFrom: x@evil.example\r\nFrom: "),
        (b"\r\n\r\nHi", b"\r\nReply-To: x@evil.example\r\n\r\nHi"),
        (b"\r\n\r\nHi", b"\r\nList-Unsubscribe: <https://evil.example>\r\n\r\nHi"),
    ],
)
def test_a_changed_or_added_header_breaks_the_signature(change: tuple[bytes, bytes]) -> None:
    signed = dkim.sign_message(SIGNER, MESSAGE, at=1)
    assert not verifies(signed.replace(*change, 1))


def test_blanks_and_folds_on_the_way_do_not() -> None:
    signed = dkim.sign_message(SIGNER, MESSAGE, at=1)
    assert verifies(signed.replace(b"Subject: Hello\r\n  there \t you", b"subject:  Hello there you"))
    assert verifies(signed.replace(b"  two  blanks \r\n", b" two blanks\r\n"))


# --- Ed25519 (RFC 8463): the RFC's own key and message --------------------------------------------------------------------

ED_SECRET = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
ED_PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
DINNER = b"""\
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
DINNER_SIGNATURE = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=""".replace(b"\n", b"\r\n")
DINNER_B = b"/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="


def ed_signer() -> dkim.Signer:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(ED_SECRET))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return dkim.Signer("football.example.com", "brisbane", dkim.load_key(pem))


def ed_verdicts(message: bytes) -> list[str]:
    return [
        verdict.why for verdict in verification.verify(message, lambda name: [f"v=DKIM1; k=ed25519; p={ED_PUBLIC}"])
    ]


def test_we_make_the_signature_of_rfc_8463() -> None:
    fields, body = dkim.split(DINNER)
    assert base64.b64encode(sha256(dkim.relaxed_body(body)).digest()) in DINNER_SIGNATURE
    signed = b"".join(map(dkim.relaxed_field, fields)) + dkim.relaxed_field(DINNER_SIGNATURE).removesuffix(b"\r\n")
    unsigned = dkim.Unsigned(b"", sha256(signed).digest(), ed_signer().key)
    assert base64.b64encode(dkim.sign(unsigned)) == DINNER_B


def test_our_verifier_knows_the_message_of_rfc_8463_and_ours() -> None:
    assert ed_verdicts(DINNER_SIGNATURE + DINNER_B + b"\r\n" + DINNER) == [""]
    signed = dkim.sign_message(ed_signer(), DINNER, at=1_528_637_909)
    assert b"a=ed25519-sha256" in signed
    assert ed_verdicts(signed) == [""]
    assert ed_verdicts(signed.replace(b"dinner", b"supper")) != [""]


def test_two_signatures_stand_side_by_side_in_any_order() -> None:
    once = dkim.sign_message(SIGNER, MESSAGE, at=1)
    both = dkim.sign_message(ed_signer(), once, at=1)
    other = dkim.sign_message(SIGNER, dkim.sign_message(ed_signer(), MESSAGE, at=1), at=1)

    def texts(name: str) -> list[str]:
        return [f"v=DKIM1; k=ed25519; p={ED_PUBLIC}" if "brisbane" in name else f"v=DKIM1; p={PUBLIC.decode()}"]

    for message in (both, other):
        assert sorted((v.selector, v.why) for v in verification.verify(message, texts)) == [
            ("brisbane", ""),
            ("s1", ""),
        ]
    assert both.removeprefix(dkim.sign_message(ed_signer(), MESSAGE, at=1).removesuffix(MESSAGE)) == once


def test_what_is_no_key_for_dkim_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for pem in (b"", b"nonsense", other):
        with pytest.raises(dkim.KeyUnusable):
            dkim.load_key(pem)


def test_splitting_keeps_folds_and_every_octet() -> None:
    fields, body = dkim.split(MESSAGE)
    assert len(fields) == 4
    assert b"".join(fields) + b"\r\n" + body == MESSAGE
    assert dkim.split(b"\r\nonly body") == ([], b"only body")
    assert dkim.split(b"A: b") == ([b"A: b\r\n"], b"")
