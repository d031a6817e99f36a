"""A message as the sandbox's people see it."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.sandbox import letters

RAW = (
    b"From: =?utf-8?q?Caf=C3=A9?= <News@acme.example>\r\nSubject: one\r\n two\r\nPrecedence: bulk\r\n"
    b"List-Unsubscribe: <http://localhost:8001/u/abc>, <mailto:u+x@bounces.acme.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b'<a href=3D"http://localhost:8001/c/one?a=3D1&amp;b=3D2">x</a><a href=3D"https://elsewhere.example/c=\r\n/two">y</a>'
    b'<a href=3D"https://www.example.com/shop">no</a><img src=3D"http://localhost:8001/i/pix.gif">\r\n'
)


def test_headers_and_links() -> None:
    headers = letters.headers_of(RAW)
    assert headers["subject"] == "one two"
    assert letters.is_bulk(headers)
    assert letters.readable(headers["from"]) == "Café <News@acme.example>"
    assert letters.address_in(headers["from"]) == "news@acme.example"
    assert letters.leave_url(headers) == ("localhost:8001", "/u/abc")
    links = letters.links_in(RAW)
    assert links.pixel == "/i/pix.gif"
    assert links.clicks == ("/c/one?a=1&b=2", "/c/two")


def test_one_click_needs_both_headers() -> None:
    headers = letters.headers_of(RAW)
    del headers["list-unsubscribe-post"]
    assert letters.leave_url(headers) == ("", "")


@given(st.binary(max_size=500))
def test_anything_can_be_looked_at(raw: bytes) -> None:
    headers = letters.headers_of(raw)
    letters.leave_url(headers)
    letters.links_in(raw)
    for value in headers.values():
        letters.readable(value)
        letters.address_in(value)
