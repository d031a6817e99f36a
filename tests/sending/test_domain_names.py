"""Domain names that people type: what is meant is understood, and what must not send is refused with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending import domain_names


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("example.com", "example.com"),
        (" News.Example.COM. ", "news.example.com"),
        ("https://example.com/path?x=1", "example.com"),
        ("news@example.com", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ("example.co.uk", "example.co.uk"),
    ],
)
def test_what_is_meant_is_understood(typed, name):
    assert domain_names.parse(typed) == name


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "after the @"),
        ("   ", "after the @"),
        ("example", "ending"),
        ("192.0.2.1", "ending"),
        ("gmail.com", "mailbox provider"),
        ("news.gmail.com", "mailbox provider"),
        ("co.uk", "share"),
        ("exa mple", "ending"),
        ("exam_ple.com", "not a domain"),
        ("-example.com", "not a domain"),
        ("a..b.com", "not a domain"),
        ("x" * 64 + ".com", "not a domain"),
        ("a." * 130 + "com", "not a domain"),
        ("x" * 2000, "too long"),
        ("ex\0ample.com", "not a domain"),
    ],
)
def test_what_must_not_send_is_refused_with_a_reason(typed, word):
    with pytest.raises(domain_names.BadName, match=word):
        domain_names.parse(typed)


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_a_sentence(text):
    name = refusal = ""
    try:
        name = domain_names.parse(text)
    except domain_names.BadName as refused:
        refusal = str(refused)
    if refusal:
        assert refusal.endswith(".")
        return
    assert name.isascii()
    assert domain_names.parse(name) == name
    assert domain_names.shown(name)
