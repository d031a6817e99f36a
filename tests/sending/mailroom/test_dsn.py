"""Delivery status notifications, of the lawful kind and of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.mailroom import dsn
from sending.mailroom.dsn import Action
from sending.mailroom.parts import open_message


def report(fields: str, kind: str = "message/delivery-status") -> bytes:
    return (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry.\r\n'
        f"--b\r\nContent-Type: {kind}\r\n\r\n{fields}\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n--b--\r\n"
    ).encode()


HEAD = "Reporting-MTA: dns; mx.example\r\n\r\n"
POSTFIX = HEAD + (
    "Final-Recipient: rfc822; a@x.example\r\nOriginal-Recipient: rfc822;a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Remote-MTA: dns; mx.x.example\r\nDiagnostic-Code: smtp; 550 5.1.1 <a@x.example>: no such\r\n    user here\r\n"
)


def test_a_usual_bounce() -> None:
    (notice,) = dsn.read(open_message(report(POSTFIX)))
    assert notice.action is Action.FAILED
    assert (notice.status, notice.code, notice.recipient) == ("5.1.1", 550, "a@x.example")
    assert notice.text == "550 5.1.1 <a@x.example>: no such user here"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("Remote-MTA: dns; MX.google.com. (192.0.2.26, the server for the domain x.example.)", "mx.google.com"),
        ("Remote-MTA: dns;mx.x.example", "mx.x.example"),
        ("Remote-MTA: mx.x.example", "mx.x.example"),
        ("X-Nothing: 1", "mx.example"),
    ],
)
def test_who_said_so(host: str, wanted: str) -> None:
    fields = HEAD + f"Final-Recipient: rfc822; a@x\r\nAction: failed\r\nStatus: 5.1.1\r\n{host}\r\n"
    assert dsn.read(open_message(report(fields)))[0].host == wanted


@pytest.mark.parametrize(
    ("fields", "action", "status", "code"),
    [
        ("Final-Recipient: rfc822; a@x\r\nAction: delayed\r\nStatus: 4.4.1", Action.DELAYED, "4.4.1", 0),
        ("Final-Recipient: rfc822; a@x\r\nAction: Delivered\r\nStatus: 2.0.0", Action.DELIVERED, "2.0.0", 0),
        ("Final-Recipient: rfc822; a@x\r\nAction: failed (permanent)\r\nStatus: 5.0.0 (oh)\r\nDiagnostic-Code: smtp; 552 5.2.2 full", Action.FAILED, "5.2.2", 552),  # noqa: E501
        ("Final-Recipient: rfc822; a@x\r\nStatus: 5.4.4", Action.FAILED, "5.4.4", 0),
        ("Final-Recipient: rfc822; a@x\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: x-unix; user unknown", Action.FAILED, "5.0.0", 0),  # noqa: E501
    ],
)  # fmt: skip
def test_what_reports_say(fields: str, action: Action, status: str, code: int) -> None:
    (notice,) = dsn.read(open_message(report(HEAD + fields)))
    assert (notice.action, notice.status, notice.code) == (action, status, code)


@pytest.mark.parametrize(
    "fields",
    ["", HEAD, HEAD + "Final-Recipient: rfc822; a@x\r\nAction: dancing\r\nStatus: 4.0.0", "\x00\x00", "\r\n" * 50],
)
def test_a_report_that_says_nothing_gives_nothing(fields: str) -> None:
    assert dsn.read(open_message(report(fields))) == ()


def test_several_recipients_are_several_notices_up_to_a_limit() -> None:
    fields = HEAD + "".join(
        f"Final-Recipient: rfc822; a{n}@x\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n" for n in range(5000)
    )
    assert len(dsn.read(open_message(report(fields)))) == dsn.MAX_RECIPIENTS


def test_other_mail_is_no_report() -> None:
    assert dsn.read(open_message(b"Subject: hi\r\n\r\nAction: failed\r\nStatus: 5.1.1")) == ()


def test_text_has_no_control_characters() -> None:
    (notice,) = dsn.read(
        open_message(
            report(
                HEAD + "Final-Recipient: rfc822; a@x\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 \x00\x1b[31mred"
            )
        )
    )
    assert notice.text == "550 [31mred"


words = st.sampled_from(
    [
        "Action: ",
        "failed",
        "Status: ",
        "5.1.1",
        "\r\n",
        "\r\n\r\n",
        "Final-Recipient: rfc822; ",
        "é",
        "\x00",
        ":",
        ";",
        "550 ",
        " ",
    ]
)


@given(st.one_of(st.text(max_size=500), st.lists(words, max_size=60).map("".join)))
def test_any_report_can_be_read(fields: str) -> None:
    message = open_message(report(fields.encode("utf-8", "replace").decode()))
    for notice in dsn.read(message):
        assert notice.text.isprintable()
        assert len(notice.text) <= dsn.MAX_FIELD
