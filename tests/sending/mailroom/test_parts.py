"""Foreign MIME: read as far as it goes, never further than the limits, never an exception."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.mailroom.parts import MAX_BODY_OCTETS, MAX_DEPTH, MAX_PARTS, Part, open_message


def depth(part: Part) -> int:
    return 1 + max((depth(child) for child in part.children), default=0)


MULTIPART = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>\r\n--b--\r\nrest'  # noqa: E501


def test_parts_of_a_usual_message() -> None:
    message = open_message(MULTIPART)
    assert [(p.kind, p.body) for p in message.children] == [("text/plain", b"one"), ("text/html", b"<b>")]


def test_line_ends_of_another_world_are_understood() -> None:
    message = open_message(MULTIPART.replace(b"\r\n", b"\n"))
    assert [p.body for p in message.children] == [b"one", b"<b>"]


def test_a_missing_last_boundary_ends_at_the_end() -> None:
    message = open_message(MULTIPART.partition(b"\r\n--b--")[0])
    assert [p.body for p in message.children] == [b"one", b"<b>"]


@pytest.mark.parametrize(
    ("encoding", "body", "wanted"),
    [
        ("base64", b"aGVs\r\nbG8", b"hello"),
        ("quoted-printable", b"h=65llo", b"hello"),
        ("x-strange", b"hello", b"hello"),
        ("base64", b"\xff", b""),
    ],
)
def test_bodies_are_decoded(encoding: str, body: bytes, wanted: bytes) -> None:
    assert open_message(b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + body).body == wanted


def test_text_in_an_unknown_charset_is_still_text() -> None:
    assert open_message(b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla").text() == "qapla"


def test_a_header_stays_on_one_line() -> None:
    assert open_message(b"Subject: a\r\n b\r\n\tc\r\n\r\n").header("subject") == "a b c"


def nested(levels: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return head + b"\r\ndeep"


def test_depth_is_limited() -> None:
    assert depth(open_message(nested(3000))) <= MAX_DEPTH + 1
    assert depth(open_message(b"Content-Type: message/rfc822\r\n\r\n" * 3000 + b"x")) <= MAX_DEPTH + 1


def test_the_number_of_parts_is_limited() -> None:
    message = open_message(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000)
    assert len(message.walk()) <= MAX_PARTS + 1
    assert message.cut


def test_large_bodies_are_cut() -> None:
    message = open_message(b"\r\n" + b"x" * (MAX_BODY_OCTETS + 10))
    assert len(message.body) == MAX_BODY_OCTETS
    assert message.cut


@pytest.mark.parametrize(
    "hostile",
    [
        b'Content-Type: multipart/mixed; boundary="' + b";" * 30_000 + b"\r\n\r\nx",
        b"Content-Type: text/plain; " + b"a*0*=x;" * 4_000 + b"\r\n\r\nx",
        b"X: y\r\n" * 300_000,
        b"Subject:" + b" =?utf-8?q?" * 100_000,
        b"--b\r\n" * 400_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\r\n--b \t" * 250_000,
        b"\n" * 2_000_000,
        b"Content-Type: multipart/report; boundary==?x?=\r\n\r\n" + b"\x00" * 1_000_000,
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 1_900_000,
        nested(30_000),
    ],
    ids=range(10),
)
def test_hostile_messages_take_no_time(hostile: bytes) -> None:
    began = time.perf_counter()
    for part in open_message(hostile).walk():
        part.text()
        part.header("subject")
        part.parameter("report-type")
    assert time.perf_counter() - began < 2.0


pieces = st.sampled_from(
    [b"\r\n", b"\n", b"\r\n\r\n", b"--b", b"--", b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822", b"\x00", b": ",  # noqa: E501
     b"Content-Type: multipart/report; boundary=\"b", b"Content-Transfer-Encoding: base64", b"=?utf-8?b?//8=?=", b"\xff\xfe", b"x" * 50, b";", b"*0*=", b" "]  # noqa: E501
)  # fmt: skip


@given(st.one_of(st.binary(max_size=2000), st.lists(pieces, max_size=80).map(b"".join)))
def test_anything_can_be_opened(raw: bytes) -> None:
    message = open_message(raw)
    assert depth(message) <= MAX_DEPTH + 1
    for part in message.walk():
        assert isinstance(part.text(), str)
        assert "\n" not in part.header("content-type")
        part.parameter("charset")
