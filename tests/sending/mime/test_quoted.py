"""Quoted-printable in pieces: joined they decode to the text, and they are their own canonical form."""

import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from sending import dkim
from sending.mime import lines, quoted

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \t.=F\r\n"), max_size=300)


def plain(text: str) -> bytes:
    return re.sub("\r\n|\r|\n", "\r\n", text).encode()


@given(st.lists(texts, max_size=6))
def test_pieces_decode_to_the_text(parts: list[str]) -> None:
    # A CR at the end of one piece and an LF at the beginning of the next are two line breaks: pieces know nothing of each other.
    encoded = b"".join(map(quoted.piece, parts))
    assert quopri.decodestring(encoded) == b"".join(map(plain, parts))


@given(st.lists(texts, max_size=6))
def test_pieces_are_fit_for_the_wire(parts: list[str]) -> None:
    encoded = b"".join(map(quoted.piece, parts))
    assert encoded.isascii()
    for line in encoded.split(b"\r\n"):
        assert len(line) <= quoted.MAX_LINE
        assert b"\r" not in line
        assert b"\n" not in line
        assert not line.startswith((b".", b"From "))
        assert b"\t" not in line
        assert b"  " not in line
        assert not line.endswith(b" ")
    assert encoded.endswith(b"\r\n") or not encoded
    assert lines.stuff(encoded or b"\r\n") == (encoded or b"\r\n")


@given(st.lists(texts, max_size=6))
def test_pieces_are_their_own_relaxed_form(parts: list[str]) -> None:
    body = b"".join(map(quoted.piece, parts)) + b"--end--\r\n"
    assert dkim.relaxed_body(body) == body


def test_long_addresses_take_the_quick_way_and_decode() -> None:
    for url in ("https://x.example/" + "a" * 500, "." * 300, "https://x.example/" + "." * 200, "x" * 75, "x" * 76):
        assert quopri.decodestring(quoted.piece(url)) == url.encode()
        assert not any(line.startswith(b".") for line in quoted.piece(url).split(b"\r\n"))


def test_lone_surrogates_become_question_marks() -> None:
    assert quoted.piece("a\ud800b") == b"a?b=\r\n"
