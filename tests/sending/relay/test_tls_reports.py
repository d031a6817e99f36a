"""What a daily report says, whom it goes to, and how it looks as a mail."""

import email
import email.policy
import gzip
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay.tls_counts import Counted, PolicyType, Result, Session
from sending.relay.tls_reports import MOST_TARGETS, Report, mailbox, place, read_record

DAY = date(2026, 11, 21)
POLICY = "version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 86400"


def count(policy: PolicyType, result: Result, n: int, *, text: str = "", why: str = "") -> tuple[Session, Counted]:
    return Session(DAY, "example", policy, result, "mx.example", "192.0.2.1", "198.51.100.1"), Counted(n, text, why)


REPORT = Report(
    day=DAY,
    domain="example",
    submitter="house.example",
    organization="Posthouse",
    contact="postmaster@house.example",
    counts=[
        count(PolicyType.STS, Result.SUCCESS, 5326, text=POLICY),
        count(PolicyType.STS, Result.EXPIRED, 100, text=POLICY, why="certificate has expired"),
        count(PolicyType.STS, Result.NO_STARTTLS, 200, text=POLICY),
        count(PolicyType.DANE, Result.SUCCESS, 3, text="3 1 1 ab"),
        count(PolicyType.NONE, Result.SUCCESS, 7),
    ],
)


def test_a_report_says_what_happened() -> None:
    data = json.loads(gzip.decompress(REPORT.packed()))
    assert data["date-range"] == {"start-datetime": "2026-11-21T00:00:00Z", "end-datetime": "2026-11-21T23:59:59Z"}
    assert data["report-id"] == "20261121.example@house.example"
    dane, sts, none = data["policies"]
    assert dane == {
        "policy": {"policy-type": "tlsa", "policy-domain": "example", "policy-string": ["3 1 1 ab"]},
        "summary": {"total-successful-session-count": 3, "total-failure-session-count": 0},
    }
    assert sts["policy"] == {
        "policy-type": "sts",
        "policy-domain": "example",
        "policy-string": ["version: STSv1", "mode: enforce", "mx: mx.example", "max_age: 86400"],
        "mx-host": ["mx.example"],
    }
    assert sts["summary"] == {"total-successful-session-count": 5326, "total-failure-session-count": 300}
    assert sts["failure-details"][1] == {
        "result-type": "certificate-expired",
        "sending-mta-ip": "198.51.100.1",
        "receiving-mx-hostname": "mx.example",
        "receiving-ip": "192.0.2.1",
        "failed-session-count": 100,
        "failure-reason-code": "certificate has expired",
    }
    assert none["policy"] == {"policy-type": "no-policy-found", "policy-domain": "example"}


def test_the_same_report_is_the_same_octets() -> None:
    assert REPORT.packed() == REPORT.packed()


def test_as_a_mail() -> None:
    raw = REPORT.mail(sender="tls-reports@house.example", to="tls@example")
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert message["TLS-Report-Domain"] == "example"
    assert message["TLS-Report-Submitter"] == "house.example"
    assert message["Subject"] == (
        "Report Domain: example Submitter: house.example Report-ID: <20261121.example@house.example>"
    )
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "tlsrpt"
    text, data = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert data.get_content_type() == "application/tlsrpt+gzip"
    assert data.get_filename() == "house.example!example!1795219200!1795305599!001.json.gz"
    assert data.get_payload(decode=True) == REPORT.packed()
    assert raw.isascii() and b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("records", "targets"),
    [
        ([b"v=TLSRPTv1;rua=mailto:reports@example.com"], ("mailto:reports@example.com",)),
        (
            [b"v=TLSRPTv1; rua=mailto:a@example.com , https://r.example.com/v1/tlsrpt; x=y"],
            ("mailto:a@example.com", "https://r.example.com/v1/tlsrpt"),
        ),
        ([b"v=spf1 -all", b"v=TLSRPTv1;rua=mailto:a@b.example"], ("mailto:a@b.example",)),
        ([], ()),
        ([b"v=TLSRPTv1;rua=mailto:a@b.example"] * 2, ()),
        ([b"v=TLSRPTv2;rua=mailto:a@b.example"], ()),
        ([b"v=TLSRPTv1"], ()),
        (
            [b"v=TLSRPTv1;rua=http://r.example/x,ftp://x/,https://r.example:8443/,https://u@r.example/,mailto:nobody"],
            (),
        ),
        ([b"v=TLSRPTv1;rua=https://r.example/a b"], ()),
        ([b"v=TLSRPTv1;rua=mailto:\xff@b.example"], ()),
    ],
)
def test_whom_a_report_goes_to(records: list[bytes], targets: tuple[str, ...]) -> None:
    assert read_record(records) == targets


def test_places_and_mailboxes() -> None:
    assert mailbox("mailto:a%2Bb@example.com?subject=x") == "a+b@example.com"
    assert mailbox("mailto:a@b%0d%0aBcc:c@d.example") == ""
    assert place("https://R.example/tls?x=1") == ("r.example", "/tls?x=1")
    assert place("https://r.example") == ("r.example", "/")
    assert place("https://[::1/") is None


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda end: b"v=TLSRPTv1;rua=" + end)))
def test_no_record_breaks_the_reader(record: bytes) -> None:
    found = read_record([record])
    assert len(found) <= MOST_TARGETS
    assert all(mailbox(target) or place(target) for target in found)
