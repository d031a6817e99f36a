"""The servers that misbehave do what they are there for, so often, and are good mail servers afterwards."""

import contextlib
import smtplib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from posthouse.sandbox.store import Store
from prove import rogues
from prove.rogues import At, Deed, Fault, Rogues

PORT = 21_725
LETTER = b"Message-ID: <one@x.test>\r\n\r\nhello\r\n"


def send(address: str) -> str:
    """What became of one message: "taken", or how it went wrong."""
    try:
        with smtplib.SMTP(address, PORT, timeout=3) as session:
            session.ehlo("x.test")
            if session.has_extn("starttls"):
                session.starttls()
            session.sendmail("a@x.test", ["b@x.test"], LETTER)
    except (smtplib.SMTPException, OSError) as error:
        return type(error).__name__
    return "taken"


@pytest.fixture
def tried(tmp_path: Path) -> Callable[[Fault], tuple[list[str], int]]:
    """Three messages to one such server: what the sender saw, and how many the server's log has."""

    def three(fault: Fault) -> tuple[list[str], int]:
        log = tmp_path / "log.sqlite3"
        with Rogues([fault], log, PORT, network="127.0.203") as servers:
            seen = [send(servers.address(fault)) for _ in range(3)]
        with Store(log) as store:
            return seen, len(list(store.accepted()))

    return three


# smtplib knows no BDAT, and would listen to a banner without end for ever.
KINDS = [f for f in rogues.all_of(patient=False) if not f.chunking and f.deed is not Deed.ENDLESS_LINES]


@pytest.mark.parametrize("fault", KINDS, ids=lambda f: f.name)
def test_it_goes_wrong_as_often_as_it_should_and_then_well(
    tried: Callable[[Fault], tuple[list[str], int]], fault: Fault
) -> None:
    seen, logged = tried(fault)
    assert seen[-1] == "taken"
    assert fault.struck == min(fault.times, 3)
    survives = fault.deed in (Deed.DRIP, Deed.LATE, Deed.CLOSE)
    assert (seen[0] == "taken") == survives
    assert logged == seen.count("taken") + fault.took - (fault.took if survives else 0)


def test_a_banner_without_end_is_pushed_until_the_other_side_has_enough(tmp_path: Path) -> None:
    fault = Fault(name="endless", at=At.GREETING, deed=Deed.ENDLESS_LINES, times=1)
    with (
        Rogues([fault], tmp_path / "log.sqlite3", PORT, network="127.0.203") as servers,
        socket.create_connection((servers.address(fault), PORT), timeout=5) as line,
    ):
        heard = 0
        while heard < 5_000_000:
            heard += len(line.recv(1_000_000))
    assert fault.pushed >= 4_000_000


def test_the_last_chunk_of_the_second_message_is_taken_and_never_answered(tmp_path: Path) -> None:
    fault = Fault(name="chunk", at=At.LAST, deed=Deed.CUT, times=1, chunking=True, after=1)
    log = tmp_path / "log.sqlite3"
    one = b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nBDAT 1\r\nMBDAT %d LAST\r\n" % (len(LETTER) - 1) + LETTER[1:]
    with (
        Rogues([fault], log, PORT, network="127.0.203") as servers,
        socket.create_connection((servers.address(fault), PORT), timeout=5) as line,
    ):
        answers = line.makefile("rb")
        assert answers.readline().startswith(b"220")
        line.sendall(one)
        assert [answers.readline()[:3] for _ in range(4)] == [b"250"] * 4
        line.sendall(one)
        assert [answers.readline()[:3] for _ in range(3)] == [b"250"] * 3
        with contextlib.suppress(ConnectionError):
            assert answers.readline() == b""
    with Store(log) as store:
        assert [a.message_id for a in store.accepted()] == ["one@x.test"] * 2
    assert (fault.struck, fault.took) == (1, 1)
