"""SMTP replies as they come off the wire (RFC 5321 4.2), with limits, for a server may send anything.

Trap: a reply may arrive in any number of pieces, many replies in one piece (RFC 2920), with bare LF, or never end.
"""

import re
from functools import lru_cache

from sending.judging.replies import MAX_TEXT, Reply, of_lines

MAX_LINE = 4096  # RFC 5321 4.5.3.1.5 says 512; providers write longer ones
MAX_LINES = 200

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


__all__ = ["MAX_LINE", "MAX_LINES", "MAX_TEXT", "NotSmtp", "Reply", "ReplyReader"]


SHORT = 80  # octets of a line that may come again and again: "250 2.1.5 Ok"


@lru_cache(maxsize=1024)
def _single(line: bytes) -> Reply | None:
    """The reply of one line; None when it is none, or the beginning of a longer one."""
    match = _LINE.fullmatch(line)
    return of_lines(int(match[1]), [match[3] or b""]) if match is not None and match[2] != b"-" else None


class NotSmtp(Exception):
    """The other side does not speak SMTP."""


class ReplyReader:
    """Feed it octets; take whole replies out."""

    __slots__ = ("_buffer", "_code", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        self._code = b""
        self._lines: list[bytes] = []

    @property
    def pending(self) -> bool:
        """Whether octets have come that belong to no whole reply yet."""
        return bool(self._buffer or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. Raises NotSmtp."""
        if not self._buffer and data.endswith(b"\r\n"):
            lines = data.split(b"\r\n")
            lines.pop()
        else:
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            if len(self._buffer) > MAX_LINE:
                raise NotSmtp("a reply line without an end")
        done: list[Reply] = []
        for line in lines:
            self._take(line.rstrip(b"\r\n"), done)
        return done

    def _take(self, line: bytes, done: list[Reply]) -> None:
        if not self._lines and len(line) <= SHORT and (known := _single(line)) is not None:
            done.append(known)
            return
        match = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
        if match is None:
            raise NotSmtp(f"not a reply: {line[:80]!r}")
        code, mark, text = match.groups()
        if self._lines and code != self._code:
            raise NotSmtp(f"a reply that changes its code from {self._code!r} to {code!r}")
        self._code = code
        self._lines.append(text or b"")
        if len(self._lines) > MAX_LINES:
            raise NotSmtp("a reply of too many lines")
        if mark != b"-":
            done.append(of_lines(int(code), self._lines))
            self._lines = []
