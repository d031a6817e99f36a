"""Complaint reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.mailroom import arf
from sending.mailroom.parts import open_message

COPY = "CFBL-Feedback-ID: b1-token\r\nMessage-ID: <m1@bounces.example>\r\nReturn-Path: <b1-path@bounces.example>\r\nSubject: hi\r\n\r\nbody\r\n"  # noqa: E501


def report(
    fields: str = "Feedback-Type: abuse\r\nUser-Agent: Yahoo!-Mail-Feedback/2.0\r\nVersion: 1\r\n",
    copy: str = COPY,
    kind: str = "message/rfc822",
) -> bytes:
    return (
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n--b\r\n\r\nSpam.\r\n'
        f"--b\r\nContent-Type: message/feedback-report\r\n\r\n{fields}\r\n--b\r\nContent-Type: {kind}\r\n\r\n{copy}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_complaint_gives_the_marks_of_the_copied_message_best_first(kind: str) -> None:
    complaint = arf.read(open_message(report(kind=kind)))
    assert complaint is not None and complaint.is_complaint
    assert complaint.agent == "Yahoo!-Mail-Feedback/2.0"
    assert complaint.marks[0] == "b1-token"
    assert "<b1-path@bounces.example>" in complaint.marks


@pytest.mark.parametrize(
    ("said", "kind", "is_complaint"),
    [("abuse", "abuse", True), ("Fraud", "fraud", True), ("brand-new", "other", True), ("not-spam", "not-spam", False),
     ("auth-failure", "auth-failure", False), ("opt-out", "opt-out", False)],
)  # fmt: skip
def test_kinds(said: str, kind: str, is_complaint: bool) -> None:
    complaint = arf.read(open_message(report(fields=f"Feedback-Type: {said}\r\nVersion: 1\r\n")))
    assert complaint is not None
    assert (complaint.kind, complaint.is_complaint) == (kind, is_complaint)


def test_other_mail_is_no_complaint() -> None:
    assert arf.read(open_message(b"Subject: x\r\n\r\nFeedback-Type: abuse\r\n")) is None
    assert arf.read(open_message(report().replace(b"message/feedback-report", b"text/plain"))) is None


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_report_can_be_read(fields: str, copy: str) -> None:
    raw = report(fields=fields.encode("utf-8", "replace").decode(), copy=copy.encode("utf-8", "replace").decode())
    complaint = arf.read(open_message(raw))
    if complaint is not None:
        assert all(len(mark) <= 998 for mark in complaint.marks)
