"""What is kept about a person, as they read it: times and values in the words of their language."""

from typing import Any

import pytest
from django.utils import translation

from contacts.templatetags.recipient_words import moment, spoken, told


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "22 January 2024 07:30 UTC"), ("de", "22. Januar 2024 07:30 UTC"), ("fr", "22 janvier 2024 07:30 UTC")],
)
def test_a_moment_is_written_as_the_language_writes_it(language: str, words: str) -> None:
    with translation.override(language):
        assert moment("2024-01-22T09:30:00+02:00") == words


def test_no_moment_says_nothing() -> None:
    assert moment(None) == moment("") == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "Ja"),
        (False, "Nein"),
        (7, "7"),
        (["tea", "cocoa"], "tea; cocoa"),
        ("2024-01-22", "22. Januar 2024"),
        ("2024-13-22", "2024-13-22"),
        ("a sentence", "a sentence"),
        ("ten letter", "ten letter"),
        ("", ""),
    ],
)
def test_a_value_is_told(value: Any, words: str) -> None:
    with translation.override("de"):
        assert told(value) == words


def test_only_our_own_words_are_translated() -> None:
    with translation.override("de"):
        assert spoken("Subscribed") == "Angemeldet"
        assert spoken("Website and till") == "Website and till"
