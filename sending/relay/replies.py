"""SMTP replies as they come off the wire (RFC 5321 4.2), with limits, for a server may send anything.

Trap: a reply may arrive in any number of pieces, many replies in one piece (RFC 2920), with bare LF, or never end.
"""

import re
from dataclasses import dataclass

MAX_LINE = 4096  # RFC 5321 4.5.3.1.5 says 512; providers write longer ones
MAX_LINES = 200
MAX_TEXT = 2000  # what is kept of a reply

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class NotSmtp(Exception):
    """The other side does not speak SMTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `status` is the enhanced code (RFC 3463) or ""; `lines` are the texts without codes."""

    code: int
    status: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one, at most MAX_TEXT characters."""
        return " ".join(line for line in self.lines if line)[:MAX_TEXT]

    @property
    def codes(self) -> str:
        """As `550 5.1.1`."""
        return f"{self.code} {self.status}".rstrip()

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400


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
            done.append(_reply(int(code), self._lines))
            self._lines = []


def _reply(code: int, raw: list[bytes]) -> Reply:
    lines: list[str] = []
    status = ""
    for octets in raw:
        line = _UNPRINTABLE.sub(" ", octets.decode("utf-8", "replace")).strip()
        match = _ENHANCED.match(line)
        if match and int(match.group(1)[0]) == code // 100:
            status = status or match.group(1)
            line = line[match.end() :]
        lines.append(line)
    return Reply(code, status, tuple(lines))
