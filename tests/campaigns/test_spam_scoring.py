"""Asking a spam filter: SpamAssassin's protocol and rspamd's, of servers that answer, lie, drip and hang up."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from campaigns import spam_scoring
from campaigns.spam_scoring import Score, Unscored

MAIL = b"Subject: Hello\r\n\r\nWords\r\n"


@contextlib.contextmanager
def filter_that_says(answer: bytes, *, drip: float = 0) -> Iterator[tuple[str, list[bytes]]]:
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = listener.accept()
                with link, contextlib.suppress(OSError):
                    raw = b""
                    while not raw.endswith(MAIL) and (piece := link.recv(4096)):
                        raw += piece
                    heard.append(raw)
                    for start in range(0, len(answer), 1 if drip else len(answer)):
                        link.sendall(answer[start : start + (1 if drip else len(answer))])
                        time.sleep(drip)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.close()


def test_spamassassin() -> None:
    answer = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 20\r\nSpam: True ; 6.5 / 5.0\r\n\r\nFREE_MONEY,ALL_CAPS\r\n"
    with filter_that_says(answer) as (host, heard):
        assert spam_scoring.score(MAIL, server=f"spamd://{host}") == Score(6.5, 5.0, ("FREE_MONEY", "ALL_CAPS"))
    assert heard == [b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%b" % (len(MAIL), MAIL)]


def test_rspamd() -> None:
    body = (
        b'{"score": -0.5, "required_score": 15, "symbols": {"A": {"score": 1}, "B": {"score": 3}, "C": {"score": -4}}}'
    )
    with filter_that_says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) as (host, heard):
        assert spam_scoring.score(MAIL, server=f"rspamd://{host}") == Score(-0.5, 15.0, ("B", "A"))
    assert heard[0].startswith(b"POST /checkv2 HTTP/1.1\r\n") and heard[0].endswith(MAIL)


@pytest.mark.parametrize("scheme", ["spamd", "rspamd"])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 500 No\r\n\r\n",
        b"SPAMD/1.1 0 EX_OK\r\nSpam: maybe\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n[1]",
        b"\0" * 9,
    ],
)
def test_what_is_not_understood(scheme: str, answer: bytes) -> None:
    with filter_that_says(answer or b"\r\n") as (host, _), pytest.raises(Unscored):
        spam_scoring.score(MAIL, server=f"{scheme}://{host}")


def test_a_filter_that_drips_or_is_away_ends_in_time() -> None:
    started = time.monotonic()
    with filter_that_says(b"x" * 1000, drip=0.1) as (host, _), pytest.raises(Unscored, match="within 1 seconds"):
        spam_scoring.score(MAIL, server=f"spamd://{host}", seconds=1)
    with pytest.raises(Unscored, match="cannot be reached"):
        spam_scoring.score(MAIL, server="rspamd://127.0.0.1:1")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("server", ["", "127.0.0.1", "http://127.0.0.1", "spamd://", "spamd://x:99999"])
def test_a_setting_that_is_not_understood(server: str) -> None:
    with pytest.raises(ValueError):
        spam_scoring.score(MAIL, server=server)
