"""What cells spell: tags in every habit of listing, and names in every order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.importing.spelling import MAX_TAG, MAX_TAGS, split_name, tags_of
from contacts.values import BadValue


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ('"VIP","Blog"', ["VIP", "Blog"]),
        ('"Comma, Inc.", "Semi; colon"', ["Comma, Inc.", "Semi; colon"]),
        ('"open', ["open"]),
        ("VIP|Blog", ["VIP", "Blog"]),
        ("Comma, Inc.|vip", ["Comma, Inc.", "vip"]),
        ("a; b ;; A", ["a", "b"]),
        ("a, b", ["a", "b"]),
        ('["a", 7, "b|c"]', ["a", "7", "b|c"]),
        ("[broken", ["[broken"]),
        ('[{"a": 1}]', ['[{"a": 1}]']),
        ("", []),
        ("  ", []),
        ("über\ncool", ["über", "cool"]),
    ],
)
def test_tags_in_every_spelling(cell, tags):
    assert tags_of(cell) == tags


def test_too_many_or_too_long_tags_are_refused():
    with pytest.raises(BadValue, match="51 tags"):
        tags_of("|".join(map(str, range(51))))
    with pytest.raises(BadValue, match="longer than 100"):
        tags_of("x" * 101)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Ann Lee", "Ann", "Lee"), ("Ann", "Ann", ""), ("", "", ""), ("Lee, Ann", "Ann", "Lee"),
        ("Mary Ann Lee", "Mary Ann", "Lee"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"), ("Vincent van der Berg", "Vincent", "van der Berg"),
        ("García Márquez, Gabriel José", "Gabriel José", "García Márquez"), ("山田 太郎", "太郎", "山田"), ("山田", "山田", ""),
        ("Smith, John, Jr.", "Smith, John,", "Jr."), ("  Ann \n Lee ", "Ann", "Lee"), ("داليا حسن", "داليا", "حسن"),
    ],
)  # fmt: skip
def test_names_are_split(text, first, last):
    assert split_name(text) == (first, last)


@given(st.text(max_size=60))
def test_any_text_is_tags_or_bad(text):
    try:
        tags = tags_of(text)
    except BadValue:
        return
    assert len(tags) <= MAX_TAGS
    assert all(tag and len(tag) <= MAX_TAG and "\x00" not in tag for tag in tags)
    assert len({tag.casefold() for tag in tags}) == len(tags)


@given(st.text(max_size=60))
def test_no_letter_of_a_name_is_lost(text):
    first, last = split_name(text)
    assert sorted("".join((first + last).split()).replace(",", "")) == sorted("".join(text.split()).replace(",", ""))
