"""What a mail is: a corpus of reports in the documented formats, each with what must be said of it; and any octets at all."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sending.mailroom.explaining import explain

CORPUS = Path(__file__).parents[2] / "fixtures" / "bounces"
WANTED: dict[str, Any] = json.loads((CORPUS / "reports.json").read_text(encoding="utf-8"))
REPORTS = {path.stem: path.read_bytes() for path in sorted((CORPUS / "reports").glob("*.eml"))}


def shown(raw: bytes) -> dict[str, Any]:
    found = explain(raw)
    recipients = []
    for one in found.recipients:
        row = asdict(one)
        row["class"] = row.pop("category")
        row["code"] = row["code"] or None
        recipients.append(row)
    return {"kind": found.kind, "recipients": recipients, "feedback_type": found.feedback_type or None}


def test_the_corpus_is_whole() -> None:
    assert REPORTS.keys() == WANTED.keys()
    assert len(REPORTS) >= 60


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_the_corpus(name: str) -> None:
    assert shown(REPORTS[name]) == WANTED[name]


@pytest.mark.parametrize("name", [n for n in REPORTS if n not in ("zeros", "not_text")])
def test_line_ends_do_not_matter(name: str) -> None:
    assert shown(REPORTS[name].replace(b"\r\n", b"\n")) == WANTED[name]


@settings(max_examples=200, deadline=2000)
@given(st.sampled_from(sorted(REPORTS)), st.data())
def test_a_damaged_report_is_explained_too(name: str, data: st.DataObject) -> None:
    raw = bytearray(REPORTS[name])
    for _ in range(data.draw(st.integers(1, 5))):
        if not raw:
            break
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["cut", "drop", "double", "change"])):
            case "cut":
                del raw[at:]
            case "drop":
                del raw[at : at + data.draw(st.integers(1, 200))]
            case "double":
                raw[at:at] = raw[at : at + 400]
            case _:
                raw[at] = data.draw(st.integers(0, 255))
    found = explain(bytes(raw))
    assert len(found.recipients) <= 50
    for one in found.recipients:
        assert len(one.address) <= 400 and len(one.category) <= 30


@settings(max_examples=200, deadline=2000)
@given(st.binary(max_size=3000))
@example(b"Subject: undeliverable\r\nFrom: mailer-daemon@x\r\n\r\n" + b"@" * 20_000)
@example(b"Content-Type: text/html\r\nFrom: mailer-daemon\r\nSubject: failure notice\r\n\r\n" + b"<style" * 10_000)
@example(
    b"Content-Type: text/plain\r\nFrom: mailer-daemon\r\nSubject: failure notice\r\n\r\n" + b"your message to " * 5_000
)
@example(b"Content-Type: text/plain\r\nFrom: mailer-daemon\r\nSubject: failure notice\r\n\r\n" + b"<a@b>: 550 " * 9_000)
@example(b"From: " + b"a@" * 30_000 + b"\r\nSubject: Re: unsubscribe" + b" " * 60_000 + b"x\r\n\r\n")
def test_any_octets_are_explained(raw: bytes) -> None:
    assert explain(raw).kind in {"bounce", "delayed", "delivered", "complaint", "unsubscribe", "auto_reply", "unknown"}


BOUNCE = b"From: mailer-daemon@x\r\nSubject: failure notice\r\n"
REPORT = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/"


@pytest.mark.parametrize(
    "raw",
    [
        BOUNCE + b"\r\n" + b"a@" * 2_000_000,
        BOUNCE + b"\r\n" + b"<a@b>: 550 5.1.1 x\r\n" * 200_000,
        BOUNCE + b"Content-Type: text/html\r\n\r\n" + b"<" * 4_000_000,
        BOUNCE + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUFB" * 1_000_000,
        b"A: b\r\n" * 700_000,
        b"Subject: x\r\n" + b" x\r\n" * 1_000_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 500_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 120_000,
        REPORT + b"delivery-status\r\n\r\n" + b"Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n" * 80_000,
        REPORT + b"delivery-status\r\n\r\nDiagnostic-Code: smtp;" + b"\r\n 550 user" * 350_000,
        REPORT + b"feedback-report\r\n\r\n" + b"Original-Rcpt-To: a@b\r\n" * 180_000,
    ],
    ids=lambda raw: f"{len(raw)} octets",
)
def test_hostile_mail_takes_little_time(raw: bytes) -> None:
    began = time.process_time()
    assert len(explain(raw).recipients) <= 50
    assert time.process_time() - began < 3.0
