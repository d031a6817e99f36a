"""What is the same in a thousand replies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.judging import likeness


def of(text: str) -> str:
    return likeness.of(provider="Gmail", domain="gmail.com", code=550, status="5.1.1", text=text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a@x.example>: no such user", "<zoë.b+c@y.example>: no such user"),
        ("gone ab12-20020a05f345si1234567qkb.12 - gsmtp", "gone zz99-20020a17f999si7654321qkb.99 - gsmtp"),
        ("blocked 192.0.2.1", "blocked 198.51.100.27"),
        ("blocked 2001:db8:1:2::3 now", "blocked 2001:db8:99:aaaa:1:2:3:4 now"),
        ("queue id 12", "queue id 9"),
    ],
)
def test_numbers_and_names_make_no_difference(one: str, other: str) -> None:
    assert of(one) == of(other)


def test_words_codes_and_places_do() -> None:
    assert of("no such user") != of("disabled")
    assert of("x") != likeness.of(provider="Gmail", domain="gmail.com", code=550, status="5.2.1", text="x")
    other = likeness.of(provider="Other", domain="a.example", code=550, status="5.1.1", text="x")
    assert other.startswith("a.example|")
    assert other != likeness.of(provider="Other", domain="b.example", code=550, status="5.1.1", text="x")


def test_what_rules_ask_for_stays() -> None:
    assert likeness.plain("[TSS04] S3140 (554.30)") == "[TSS04] S3140 (554.30)"


@given(st.text(max_size=2000))
def test_any_text_is_short_then_and_stays_the_same(text: str) -> None:
    assert len(of(text)) <= 300
    once = likeness.plain(text)
    assert likeness.plain(once)[:200] == likeness.plain(likeness.plain(once))[:200]
