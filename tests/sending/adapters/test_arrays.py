"""Arrays: PostgreSQL reads what was written, whatever stands in it."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from sending.adapters import arrays

pytestmark = pytest.mark.django_db
words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
tricky = st.sampled_from(["", "NULL", "null", "{", "}", ",", '"', "\\", '\\"', '","', " ", "\n", "{}", "ü\U0001f4ee"])


def read(array: str, kind: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}[]", [array])
        return list(cursor.fetchone()[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(words, tricky), min_size=1, max_size=8))
def test_texts(values: list[str]) -> None:
    assert read(arrays.texts(values), "text") == values


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.floats(allow_nan=False)),
    st.lists(st.booleans(), max_size=5),
)
def test_numbers(whole: list[int], real: list[float], truths: list[bool]) -> None:
    assert read(arrays.numbers(whole), "bigint") == whole
    assert read(arrays.numbers(real), "float8") == real
    assert read(arrays.numbers(truths), "bool") == truths


def test_nothing() -> None:
    assert read(arrays.texts([]), "text") == []
    assert read(arrays.numbers([]), "int") == []


def test_what_cannot_be_a_text_is_made_one() -> None:
    """One stranger's words must not keep all other results from being written."""
    assert read(arrays.texts(["a\0b", "\ud800\udc00", "é\udcff"]), "text") == ["ab", "??", "é?"]
