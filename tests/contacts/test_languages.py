"""In which language a recipient is spoken to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import languages


@pytest.mark.parametrize(
    ("chosen", "accept", "known", "expected"),
    [
        ("", "", "", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "fr", "de"),
        ("es", "de", "fr", "es"),
        ("", "", "fr", "fr"),
        ("", "ja,zh;q=0.8", "pt_BR", "pt"),
        ("", "*", "de", "de"),
        ("", "ja, fr;q=0.3, es;q=0.7", "de", "es"),
        ("", "en-GB", "de", "en"),
        ("klingon", "nonsense;;q=,,", "??", "en"),
        ("", "de" * 5000, "PT", "pt"),
    ],
)
def test_own_choice_then_the_browser_then_what_we_know(chosen, accept, known, expected):
    assert languages.best(chosen=chosen, accept=accept, known=known) == expected


@given(st.text(max_size=700), st.text(max_size=700), st.text(max_size=40))
def test_whatever_they_say_it_is_a_language_of_ours(chosen, accept, known):
    assert languages.best(chosen=chosen, accept=accept, known=known) in {"en", "de", "fr", "es", "pt"}
