"""Reading HTML loses nothing and takes time in proportion to its length, whatever it is fed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.merging.markup import Attribute, walk

BITS = [
    "<",
    ">",
    "a",
    " ",
    "=",
    '"',
    "'",
    "/",
    "<!--",
    "-->",
    "<![endif]-->",
    "<!--[if mso]>",
    "<style>",
    "</style>",
    "<a href=",
    "\n",
    "&amp;",
]


@given(st.lists(st.sampled_from(BITS), max_size=60).map("".join))
def test_the_pieces_are_the_document(source: str) -> None:
    assert "".join(piece.raw for piece in walk(source)) == source


@given(st.text(max_size=200))
def test_any_text_is_read(source: str) -> None:
    assert "".join(piece.raw for piece in walk(source)) == source


@pytest.mark.parametrize("bit", BITS)
def test_time_is_linear(bit: str) -> None:
    started = time.process_time()
    for _ in walk(bit * 50_000):
        pass
    assert time.process_time() - started < 3


def test_links_inside_conditional_comments_are_read() -> None:
    source = '<!--[if mso]><v:roundrect href="https://a.example/?a=1&amp;b=2"><![endif]--><!-- <a href="https://no.example"> -->'
    assert [piece.address for piece in walk(source) if isinstance(piece, Attribute)] == ["https://a.example/?a=1&b=2"]
