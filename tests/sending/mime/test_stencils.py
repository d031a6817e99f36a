"""Stencils: what is filled in by joining bytes is a mail that mail programs read, whatever stands in the holes."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending import dkim
from sending.mime import stencils
from sending.mime.stencils import Stencil

text = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(" .=\n"), max_size=80)


def read(body: bytes):  # type: ignore[no-untyped-def]
    return email.message_from_bytes(
        stencils.CONTENT_TYPE + b"MIME-Version: 1.0\r\n\r\n" + body, policy=email.policy.default
    )


@given(st.lists(text, min_size=3, max_size=3), st.lists(text, min_size=2, max_size=2))
def test_both_parts_read_as_chunks_and_values_joined(chunks: list[str], values: list[str]) -> None:
    stencil = Stencil(text=(chunks, [0, 1]), html=(chunks[::-1], [1, 0]))
    body = stencil.fill(values)
    message = read(body)
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_payload(decode=True).decode().rstrip("\r\n") == crlf(
        chunks[0], values[0], chunks[1], values[1], chunks[2]
    )
    assert html.get_payload(decode=True).decode().rstrip("\r\n") == crlf(
        chunks[2], values[1], chunks[1], values[0], chunks[0]
    )
    assert dkim.relaxed_body(body) == body
    assert stencil.fill(values) == body  # filling leaves nothing behind


def crlf(*pieces: str) -> str:
    return "".join(p.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n") for p in pieces).rstrip("\r\n")


def test_no_content_can_imitate_the_boundary() -> None:
    evil = (
        "\n--"
        + stencils.BOUNDARY.decode()
        + "--\n--"
        + stencils.BOUNDARY.decode()
        + "\nContent-Type: text/html\n\nevil"
    )
    message = read(Stencil(text=(["", ""], [0]), html=(["", ""], [0])).fill([evil]))
    assert len(list(message.iter_parts())) == 2


def test_a_letter_without_html_has_one_part() -> None:
    message = read(Stencil(text=(["hello"], []), html=None).fill([]))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain"]


def test_chunks_and_slots_must_fit() -> None:
    with pytest.raises(ValueError, match="n \\+ 1"):
        Stencil(text=(["a"], [0]), html=None)
