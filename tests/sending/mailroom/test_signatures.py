"""Who signed a mail: only a whole, fresh and fitting signature counts, and a silent DNS is no "no"."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.sandbox import reports
from sending.mailroom.signatures import DnsAway, signed_by

HOST = "mx.quay.example"
NAME, RECORD = reports.key_record(HOST)
SIGNED = reports.complaint(
    host=HOST, to="fbl@bounces.kettle.example", original=b"To: x@y.example\r\nSubject: k\r\n\r\nhello\r\n"
)


def lookup(name: str) -> bytes | None:
    return RECORD.encode() if name.rstrip(".") == NAME else None


def away(name: str) -> bytes | None:
    raise DnsAway(name)


def test_a_good_signature_names_its_domain() -> None:
    assert signed_by(SIGNED, lookup) == HOST


@pytest.mark.parametrize(
    "raw",
    [
        SIGNED.replace(b"hello", b"hallo"),
        SIGNED.replace(b"Subject: Complaint", b"Subject: complaint"),
        SIGNED.replace(b"feedback@mx.quay", b"feedback@mx.other"),
        b"From: <a@mx.quay.example>\r\n" + SIGNED,
        SIGNED[SIGNED.index(b"From:") :],
        SIGNED.replace(b"d=mx.quay.example", b"d=example"),
        SIGNED.replace(b"d=mx.quay.example", b"d=mx.quay.example; l=10"),
        SIGNED.replace(b"a=rsa-sha256", b"a=rsa-sha1"),
        b"",
        b"DKIM-Signature: v=1\r\nFrom: a@b.example\r\n\r\n",
    ],
)
def test_anything_else_is_none(raw: bytes) -> None:
    assert signed_by(raw, lookup) == ""


def test_without_a_key_it_is_none_and_without_the_dns_it_is_unknown() -> None:
    assert signed_by(SIGNED, lambda name: None) == ""
    assert signed_by(SIGNED, lambda name: b"v=DKIM1; p=") == ""
    with pytest.raises(DnsAway):
        signed_by(SIGNED, away)
    assert signed_by(b"From: a@b.example\r\n\r\nhello", away) == "", "nothing had to be asked"


@settings(max_examples=60, deadline=3000)
@given(st.data())
def test_any_change_breaks_it_or_changes_nothing_that_counts(data: st.DataObject) -> None:
    raw = bytearray(SIGNED)
    start = SIGNED.index(b"\r\n\r\n") + 4
    at = data.draw(st.integers(start, len(raw) - 3))
    raw[at] = data.draw(st.integers(33, 126).filter(lambda c: c != raw[at]))
    assert signed_by(bytes(raw), lookup) == ""


@settings(max_examples=100, deadline=3000)
@given(st.binary(max_size=600))
def test_any_octets_are_survived(raw: bytes) -> None:
    for text in (raw, b"DKIM-Signature: " + raw + b"\r\nFrom: a@mx.quay.example\r\n\r\n"):
        assert signed_by(text, lookup) == ""
