"""The letterhead of marketing mail: every field that senders must write, once, unfolded where folding kills, and canonical."""

import email
import email.policy

import pytest

from sending import dkim
from sending.mime.letterhead import Letterhead, Sender, assemble

SENDER = Sender(
    from_name="Zoë's Kettle",
    from_address="news@example.com",
    reply_to="hello@example.com",
    return_path="bounces.example.com",
    list_name="Weekly, news",
    list_label="t1.o1.lists",
    feedback_id="m1:o1:mkt:posthouse",
)
FIELDS = {
    "to": "anna@example.net",
    "subject": "Grüße",
    "date": b"Sun, 22 Nov 2026 10:53:00 +0000",
    "message_id": "b1-abc@bounces.example.com",
    "unsubscribe_url": "https://links.example.com/u/" + "x" * 120,
    "unsubscribe_box": "u+" + "y" * 80,
    "mark": "b1-abc",
}


def test_every_field_stands_there_once() -> None:
    head, canonical = Letterhead(SENDER).write(**FIELDS)  # type: ignore[arg-type]
    message = email.message_from_bytes(head + b"\r\n", policy=email.policy.default)
    assert sorted(name.lower() for name in message) == sorted(
        "from to subject date message-id reply-to mime-version content-type list-id list-unsubscribe list-unsubscribe-post "
        "feedback-id cfbl-address cfbl-feedback-id precedence".split()
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Precedence"] == "bulk"
    assert message["CFBL-Address"] == "fbl@bounces.example.com; report=arf"
    assert message["List-Id"].endswith("<t1.o1.lists.example.com>")
    assert message["From"].addresses[0].display_name == "Zoë's Kettle"
    assert len(canonical) == 15


def test_list_unsubscribe_is_one_line_with_one_https_address_first() -> None:
    head, _ = Letterhead(SENDER).write(**FIELDS)  # type: ignore[arg-type]
    (line,) = [line for line in head.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert (
        line
        == (
            f"List-Unsubscribe: <{FIELDS['unsubscribe_url']}>, "  # type: ignore[str-bytes-safe]
            f"<mailto:{FIELDS['unsubscribe_box']}@bounces.example.com?subject=unsubscribe>"  # type: ignore[str-bytes-safe]
        ).encode()
    )


def test_the_canonical_fields_are_those_of_the_header() -> None:
    head, canonical = Letterhead(SENDER).write(**FIELDS)  # type: ignore[arg-type]
    fields, _ = dkim.split(head + b"\r\n")
    assert [(dkim.name_of(f), dkim.relaxed_field(f)) for f in fields] == canonical


def test_feedback_id_has_nothing_of_the_recipient() -> None:
    letterhead = Letterhead(SENDER)
    one, _ = letterhead.write(**FIELDS)  # type: ignore[arg-type]
    two, _ = letterhead.write(**{**FIELDS, "to": "b@example.net", "mark": "b1-def"})  # type: ignore[arg-type]
    assert [line for line in one.split(b"\r\n") if b"Feedback-ID: m1" in line] == [
        line for line in two.split(b"\r\n") if b"Feedback-ID: m1" in line
    ]


def test_what_does_not_fit_on_one_line_is_refused() -> None:
    with pytest.raises(ValueError, match="List-Unsubscribe"):
        Letterhead(SENDER).write(**{**FIELDS, "unsubscribe_url": "https://x.example/" + "x" * 1000})  # type: ignore[arg-type]


def test_a_message_is_put_together() -> None:
    assert assemble(b"DKIM: x\r\n", b"To: a\r\n", [b"one", b"two"]) == b"DKIM: x\r\nTo: a\r\n\r\nonetwo"
