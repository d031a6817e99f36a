"""A server's answer as data: its code (RFC 5321 4.2), its enhanced code (RFC 3463) and its words, whoever wrote them down.

Trap: servers put the enhanced code before every line, before the first, or nowhere, and one that contradicts the code
("250 5.1.1") is no code but words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_TEXT = 2000  # what is kept of a reply

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
CODE = re.compile(r"(?<![\w.@#/-])(?<!\d:)([45]\d\d)(?=[ \-:#]|$)", re.MULTILINE)
_ENHANCED = re.compile(r"#?([245]\.\d{1,3}\.\d{1,3})(?:[\s:]+|$)")
# The beginnings of a reply's further lines, where they have been written one behind the other.
_CONTINUED = re.compile(r"\s+[45]\d\d[ -][245]\.\d{1,3}\.\d{1,3}[ \t]+|\s+[45]\d\d-[ \t]*")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


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


def of_lines(code: int, raw: Iterable[bytes]) -> Reply:
    """The reply of a code and the octets behind it, line by line."""
    lines: list[str] = []
    status = ""
    for octets in raw:
        line = printable(octets.decode("utf-8", "replace"))
        match = _ENHANCED.match(line)
        if match and int(match.group(1)[0]) == code // 100:
            status = status or match.group(1)
            line = line[match.end() :]
        lines.append(line)
    return Reply(code, status, tuple(lines))


def quoted(text: str) -> Reply:
    """The reply in words that quote one: "host mx said: 550-5.1.1 No such user 550 5.1.1 here". Code 0 when there is none."""
    text = printable(text)[: MAX_TEXT * 2]
    found, status = CODE.search(text), STATUS.search(text)
    code = int(found.group(1)) if found else 0
    said = ".".join(status.groups()) if status else ""
    if code and said and int(said[0]) != code // 100:
        said = next((".".join(m.groups()) for m in STATUS.finditer(text) if int(m.group(1)) == code // 100), "")
    head = text[found.start() : found.end()] if found else ""
    words = _CONTINUED.sub(" ", text[found.end() :]) if found else text
    words = (text[: found.start()] + head + words) if found else words
    return Reply(code, said, (words,))


def printable(text: str) -> str:
    """Without control characters, for they may move a terminal's cursor or break a line of a log."""
    return _UNPRINTABLE.sub(" ", text).strip()
