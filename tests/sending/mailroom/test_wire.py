"""Command lines and messages off the wire: whatever the split points, one message stays one message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prove.smuggling import TERMINATORS
from sending.mailroom.wire import BadLine, BareNewline, TooBig, Wire

SECOND = b"MAIL FROM:<evil@example>\r\nRCPT TO:<victim@example>\r\nDATA\r\nsmuggled"


def read_all(wire: Wire) -> list[bytes | str]:
    """Every message that is on the wire, or the name of what was wrong with it."""
    found: list[bytes | str] = []
    while True:
        try:
            data = wire.data()
        except (BareNewline, TooBig) as error:
            found.append(type(error).__name__)
            continue
        if data is None:
            return found
        found.append(data)


@pytest.mark.parametrize("terminator", TERMINATORS)
def test_only_crlf_dot_crlf_ends_a_message(terminator: bytes) -> None:
    sent = b"Subject: one\r\n\r\nhello" + terminator + SECOND + b"\r\n.\r\n"
    for cut in range(len(sent) + 1):
        wire = Wire()
        wire.feed(sent[:cut])
        found = read_all(wire)
        wire.feed(sent[cut:])
        found += read_all(wire)
        assert len(found) == 1, (cut, found)
        assert wire.pending == 0
        if isinstance(found[0], bytes):
            assert found[0].endswith(b"smuggled\r\n")


def stuffed(message: bytes) -> bytes:
    return (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..") + b".\r\n"


lines = st.lists(
    st.binary(max_size=30).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")), min_size=1, max_size=8
)


@given(st.lists(lines, min_size=1, max_size=3), st.lists(st.integers(1, 12), min_size=1))
def test_dots_are_unstuffed_and_messages_told_apart_at_any_split(messages: list[list[bytes]], sizes: list[int]) -> None:
    wanted = [b"".join(line + b"\r\n" for line in message) for message in messages]
    sent = b"".join(stuffed(message) for message in wanted)
    wire, found, at, n = Wire(), [], 0, 0
    while at < len(sent):
        size = sizes[n % len(sizes)]
        wire.feed(sent[at : at + size])
        at, n = at + size, n + 1
        found += read_all(wire)
    assert found == wanted


def test_an_empty_message_ends_at_the_first_dot() -> None:
    wire = Wire()
    wire.feed(b".\r\nQUIT\r\n")
    assert wire.data() == b""
    assert wire.command() == b"QUIT"


def test_a_message_beyond_the_limit_is_read_to_its_end_in_little_memory() -> None:
    wire = Wire(size_limit=1000)
    most = 0
    for _ in range(200):
        wire.feed(b"x" * 99 + b"\n")
        assert wire.data() is None
        most = max(most, wire.pending)
    wire.feed(b"\r\n.\r\nQUIT\r\n")
    with pytest.raises(TooBig):
        wire.data()
    assert most < 1200
    assert wire.command() == b"QUIT"


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    wire = Wire(size_limit=12)
    wire.feed(b"0123456789\r\n.\r\n")
    assert wire.data() == b"0123456789\r\n"


@pytest.mark.parametrize("line", [b"NOOP\n", b"NO\rOP\r\n", b"NO\0OP\r\n", b"N" * 3000 + b"\r\n"])
def test_a_command_line_must_be_clean(line: bytes) -> None:
    wire = Wire()
    wire.feed(line)
    with pytest.raises(BadLine):
        wire.command()


def test_an_endless_command_line_does_not_fill_the_memory() -> None:
    wire = Wire()
    wire.feed(b"x" * 5000)
    with pytest.raises(BadLine):
        wire.command()
    assert wire.pending == 0
