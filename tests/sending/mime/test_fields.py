"""Header fields: whatever a value holds, it stays in its field, and a mail program reads it back."""

import email
import email.policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.mime import fields

anything = st.text(max_size=400)


def parse(field: bytes):  # type: ignore[no-untyped-def]
    return email.message_from_bytes(field + b"\r\nbody", policy=email.policy.compat32)


@given(anything)
def test_a_subject_is_one_field_and_reads_as_it_was(text: str) -> None:
    field = fields.unstructured(b"Subject", text)
    message = parse(field)
    assert message.keys() == ["Subject"]
    assert str(make_header(decode_header(message["Subject"]))).split() == fields.clean(text).split()
    for line in field.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 78 + len(b"Subject: ")
        assert line.isascii()
        assert b"\n" not in line


@given(anything)
def test_a_display_name_cannot_leave_its_place(text: str) -> None:
    field = fields.mailbox(b"From", text, "news@example.com")
    parsed = email.message_from_bytes(field + b"\r\nbody", policy=email.policy.default)
    assert parsed.keys() == ["From"]
    (address,) = parsed["From"].addresses
    assert address.addr_spec == "news@example.com"


@pytest.mark.parametrize(
    "name", ["Zoë, Inc.", 'He said "no"', "a\\b", "=?utf-8?q?x?=", "Copper Kettle", "x" * 150, "日本語 " * 30]
)
def test_display_names_read_as_they_were(name: str) -> None:
    field = fields.mailbox(b"From", name, "news@example.com")
    decoded = str(make_header(decode_header(parse(field)["From"])))  # EmailPolicy puts blanks between encoded words
    display, address = parseaddr(decoded) if '"' in decoded else (decoded.partition(" <")[0], "news@example.com")
    assert display.split() == name.split()
    assert address == "news@example.com"


@pytest.mark.parametrize(
    "evil", ["x\r\nBcc: a@b.example", "x\nBcc: a@b.example", "x\rBcc: a", "x\u2028Bcc: a", "x\x00y", "x\x0b\x0cy"]
)
def test_line_breaks_begin_no_header(evil: str) -> None:
    for field in (
        fields.unstructured(b"Subject", evil),
        fields.mailbox(b"From", evil, "n@example.com"),
        fields.unfolded(b"X", evil),
    ):
        assert len(parse(field).keys()) == 1


def test_an_address_takes_no_line_break_either() -> None:
    assert parse(fields.mailbox(b"To", "", "a@b.example\r\nBcc: c@d.example")).keys() == ["To"]


def test_what_may_not_be_folded_is_not() -> None:
    url = "<https://links.example.com/u/" + "x" * 200 + ">"
    assert fields.unfolded(b"List-Unsubscribe", url) == b"List-Unsubscribe: " + url.encode() + b"\r\n"
    with pytest.raises(ValueError, match="longer than 998"):
        fields.unfolded(b"X", "x" * 1000)
    with pytest.raises(ValueError):
        fields.unfolded(b"X", "ü")
