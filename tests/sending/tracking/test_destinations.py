"""Destinations of links: web addresses come out fit for a header, and nothing else comes out at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.tracking.destinations import is_personal, safe_destination, tags_of, why_not, with_tags_of

OURS = frozenset({"links.kettle.example"})


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://shop.example/a?b=1&c=%20#d", "https://shop.example/a?b=1&c=%20#d"),
        (" http://shop.example ", "http://shop.example"),
        ("HTTPS://shop.example/", "https://shop.example/"),
        ("http://bücher.example/ü?q=ä b", "http://xn--bcher-kva.example/%C3%BC?q=%C3%A4%20b"),
        ("https://bücher.example:8443/", "https://xn--bcher-kva.example:8443/"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//evil.example/", None),
        ("/relative", None),
        ("mailto:a@b.example", None),
        ("https://", None),
        ("https://a.example/\r\nSet-Cookie: x=1", None),
        ("https://[broken/", None),
        ("", None),
        ("https://a.example/" + "x" * 9000, None),
    ],
)
def test_destinations(url, location):
    assert safe_destination(url) == location


@given(st.text(max_size=60).flatmap(lambda t: st.sampled_from([t, "https://" + t, "https://a.example/" + t])))
def test_whatever_comes_out_is_one_line_of_ascii(url):
    location = safe_destination(url)
    if location is not None:
        assert location.isascii()
        assert location.isprintable()
        assert location.startswith(("http://", "https://"))
        assert safe_destination(location) == location


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://shop.example/a?b=1", ""),
        ("http://bücher.example/ü", ""),
        ("https://8.8.8.8:8443/x", ""),
        ("https://links.kettle.example/archive/abc", ""),
        ("https://links.kettle.example/f/form", ""),
        ("https://shop.example/u/abc", ""),
        ("", "whole web address"),
        ("shop.example", "whole web address"),
        ("javascript:alert(1)", "whole web address"),
        ("JaVaScRiPt:alert(1)//https://x", "whole web address"),
        ("data:text/html,x", "whole web address"),
        ("https://a.example/\r\nSet-Cookie: x=1", "no spaces"),
        ("https://a.example/a b", "no spaces"),
        ("https://a.example/{{ contact.id }}", "merge fields"),
        ("https://a.example/{% if x %}b{% endif %}", "merge fields"),
        ("https://bank.example@evil.example/", "user name"),
        ("https://user:word@evil.example/", "user name"),
        ("http://localhost/", "private network"),
        ("http://localhost.:8000/", "private network"),
        ("http://127.0.0.1/", "private network"),
        ("http://127.1/", "private network"),
        ("http://2130706433/", "private network"),
        ("http://0x7f000001/", "private network"),
        ("http://0x7f.0x1/", "private network"),
        ("http://１２７.0.0.１/", "private network"),
        ("http://169.254.169.254/latest/meta-data/", "private network"),
        ("http://10.0.0.1/", "private network"),
        ("http://[::1]/", "private network"),
        ("http://[::ffff:10.0.0.1]/", "private network"),
        ("http://[fe80::1]/", "private network"),
        ("http://router/", "private network"),
        ("http://printer.local/", "private network"),
        ("http://wiki.corp.internal/", "private network"),
        ("https://links.kettle.example/u/abc", "one person"),
        ("https://LINKS.kettle.example/p/abc", "one person"),
        ("https://links.kettle.example./v/abc", "one person"),
        ("https://links.kettle.example/c/abc", "one person"),
        # What browsers and servers read otherwise than it looks.
        ("https://127.0.0.1\\.shop.example/", "private network"),
        ("https://127.0.0.%31/", "private network"),
        ("https://links.kettle.example\\u\\abc", "private network"),
        ("https://links.kettle.example/\\u\\abc", "one person"),
        ("https://links.kettle.example/%75/abc", "one person"),
        ("https://links.kettle.example/x/../u/abc", "one person"),
        ("https://links.kettle.example/x/%2e%2e/u/abc", "one person"),
        ("https://links.kettle.example/./u/abc", "one person"),
        ("https://links.kettle.example/archive/u/abc", ""),
        ("https://a_b.shop.example/", ""),
    ],
)
def test_where_a_link_may_be_led_later(url, words):
    why = why_not(url, ours=OURS)
    assert words in why if words else why == ""


@given(st.text(max_size=60).flatmap(lambda t: st.sampled_from([t, "https://" + t, "https://a.example/" + t])))
def test_whatever_may_be_led_to_is_a_destination(url):
    if not why_not(url, ours=OURS):
        assert safe_destination(url) is not None and not is_personal(url, ours=OURS)


@pytest.mark.parametrize(
    ("was", "url", "made"),
    [
        (
            "https://a.example/?utm_source=mail&x=1&utm_campaign=spring sale",
            "https://b.example/",
            "https://b.example/?utm_source=mail&utm_campaign=spring+sale",
        ),
        (
            "https://a.example/?utm_source=mail&utm_medium=email",
            "https://b.example/p?q=1&utm_source=own#top",
            "https://b.example/p?q=1&utm_source=own&utm_medium=email#top",
        ),
        ("https://a.example/?x=1", "https://b.example/?y=%20", "https://b.example/?y=%20"),
    ],
)
def test_tags_are_carried_over(was, url, made):
    assert with_tags_of(was, url) == made


@given(st.text(max_size=80))
def test_tags_of_anything(text):
    for address in (text, f"https://a.example/?{text}"):
        assert all(name.startswith("utm_") for name, _ in tags_of(address))
