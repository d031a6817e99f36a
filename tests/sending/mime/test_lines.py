"""Line endings: no stray CR or LF leaves the house, and dots are doubled so that they come back single."""

from hypothesis import given
from hypothesis import strategies as st

from sending.mime import lines

octets = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\0", b"\xff", b" "]), max_size=60).map(b"".join)


@given(octets)
def test_only_crlf_is_left(message: bytes) -> None:
    done = lines.normalise(message)
    assert done.endswith(b"\r\n")
    bare = done.replace(b"\r\n", b"")
    assert b"\r" not in bare
    assert b"\n" not in bare
    assert b"\0" not in done
    assert lines.normalise(done) == done


@given(octets)
def test_a_receiver_finds_the_end_once_and_reads_what_was_meant(message: bytes) -> None:
    meant = lines.normalise(message)
    wire = lines.stuff(meant) + b".\r\n"
    assert (b"\r\n" + wire).find(b"\r\n.\r\n") == len(wire) - 3  # once, at the end
    received = [line[1:] if line.startswith(b".") else line for line in wire.split(b"\r\n")[:-2]]
    assert b"".join(line + b"\r\n" for line in received) == meant


def test_eight_bits_and_long_lines_are_found() -> None:
    assert lines.is_eight_bit(b"\xc3\xa9")
    assert not lines.is_eight_bit(b"e")
    assert lines.longest(b"a\r\n" + b"b" * 1000 + b"\r\n") == 1000
