"""Destinations of links: web addresses come out fit for a header, and nothing else comes out at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.tracking.destinations import safe_destination


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
