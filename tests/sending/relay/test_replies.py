"""Replies: whole however they are cut, and nothing of a hostile server gets through as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.relay.replies import MAX_LINES, MAX_TEXT, NotSmtp, Reply, ReplyReader


def read(*pieces: bytes) -> list[Reply]:
    reader = ReplyReader()
    return [reply for piece in pieces for reply in reader.feed(piece)]


def test_one_line_and_many() -> None:
    assert read(b"250 2.1.0 ok\r\n") == [Reply(250, "2.1.0", ("ok",))]
    (reply,) = read(b"550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n")
    assert (reply.codes, reply.text) == ("550 5.1.1", "no such user")
    assert read(b"354\r\n") == [Reply(354, "", ("",))]
    assert read(b"250 ok\n250 ok\n") == [Reply(250, "", ("ok",))] * 2


@given(st.binary(max_size=100))
def test_what_comes_again_is_the_same_reply(words: bytes) -> None:
    line = b"250 2.1.0 " + words.replace(b"\n", b"").replace(b"\r", b"") + b"\r\n"
    first, again = read(line), read(line)
    assert first == again
    assert read(b"250-" + line[4:] + line)[0].lines[1:] == first[0].lines


@given(st.lists(st.integers(1, 30), max_size=20))
def test_the_cuts_do_not_matter(cuts: list[int]) -> None:
    whole = b"250-mx.example\r\n250-SIZE 1000\r\n250 PIPELINING\r\n450 4.7.1 later\r\n354 go\r\n"
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(whole[at : at + cut])
        at += cut
    pieces.append(whole[at:])
    assert read(*pieces) == read(whole)
    assert len(read(whole)) == 3


@given(st.binary(max_size=400))
def test_any_octets_are_replies_or_refused(octets: bytes) -> None:
    try:
        replies = read(octets)
    except NotSmtp:
        return
    for reply in replies:
        assert 200 <= reply.code < 600
        assert "\n" not in reply.text


@pytest.mark.parametrize(
    "octets",
    [
        b"hello\r\n",
        b"100 x\r\n",
        b"600 x\r\n",
        b"25\r\n",
        b"250-a\r\n251 b\r\n",
        b"2500 x\r\n",
        b"\r\n",
        b"250-x\r\n" * (MAX_LINES + 1),
        b"2" * 5000,
        b"250 " + b"x" * 5000 + b"\r\n",
    ],
)
def test_what_is_no_reply(octets: bytes) -> None:
    with pytest.raises(NotSmtp):
        read(octets)


def test_texts_are_short_clean_and_printable() -> None:
    (reply,) = read(b"550 5.1.1 a\x00b\x1bc \xff\xfe d\r\n")
    assert reply.text == "a b c \ufffd\ufffd d"
    (reply,) = read(b"".join(b"550-" + b"y" * 900 + b"\r\n" for _ in range(9)) + b"550 end\r\n")
    assert len(reply.text) == MAX_TEXT


def test_an_enhanced_code_has_to_agree_with_the_code() -> None:
    (reply,) = read(b"550 2.1.1 odd\r\n")
    assert reply.status == ""
    (reply,) = read(b"550 5.1.10 null mx\r\n")
    assert reply.status == "5.1.10"


def test_pending_tells_of_half_a_reply() -> None:
    reader = ReplyReader()
    assert not reader.pending
    reader.feed(b"250-a\r\n")
    assert reader.pending
    reader.feed(b"250 b\r\n25")
    assert reader.pending
