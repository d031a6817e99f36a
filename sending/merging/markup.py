"""Read HTML as a mail client does, just far enough to know where a merge field stands and what each link leads to.

Conditional comments for Outlook are read as the HTML that Outlook sees. Every piece keeps its raw source: joined together,
the pieces are the document again, byte for byte. One pass, no recursion, linear in the length.
"""

import html
import re
from typing import NamedTuple

# Around a hole's number while the HTML is read, so that what the hole contains cannot disturb the reading (private use).
OPEN, CLOSE = "\ue000", "\ue001"

_CONDITIONAL = re.compile(
    r"<!--\[if[^\]>]{0,200}\]>(?:<!-->)?|<!--<!\[endif\]-->|<!\[(?:endif|if[^\]>]{0,200})\](?:-->|>)|<!-->",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
_SPACE = re.compile(r"[\s/]+")
_NAME = re.compile(r"[^\s\"'<>/=]+")
_EQUALS = re.compile(r"\s*=\s*")
# What most attributes look like; possessive, so that what is none is given up at once.
_QUOTED = re.compile(r"([\s/]++)([^\s\"'<>/=]++)(\s*+=\s*+)([\"'])((?<=\")[^\"]*+|(?<=')[^']*+)\4")
_UNQUOTED = re.compile(r"[^\s>]+")
_RAW_ELEMENTS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}


class Text(NamedTuple):
    """Text between tags, or a tag's own static source."""

    raw: str


class Attribute(NamedTuple):
    """A quoted attribute's value. `address` is the value without entities and surrounding space."""

    raw: str
    element: str
    name: str
    line: int

    @property
    def address(self) -> str:
        return html.unescape(self.raw).strip()


class Refused(NamedTuple):
    """A place where no merge field can be made safe; `where` names it for people."""

    raw: str
    where: str


Piece = Text | Attribute | Refused


def walk(source: str) -> list[Piece]:
    """The pieces of an HTML document, in order and without gaps."""
    pieces: list[Piece] = []
    at, line = 0, 1
    length = len(source)
    while at < length:
        opening = source.find("<", at)
        if opening < 0:
            pieces.append(Text(source[at:]))
            break
        if opening > at:
            pieces.append(Text(source[at:opening]))
            line += source.count("\n", at, opening)
        start = opening
        if marker := _CONDITIONAL.match(source, start):
            at = marker.end()
            pieces.append(Refused(source[start:at], "in a conditional comment's condition"))
        elif source.startswith("<!--", start):
            at = _after(source, "-->", start + 4)
            pieces.append(Refused(source[start:at], "in a comment"))
        elif source.startswith(("<!", "<?"), start):
            at = _after(source, ">", start)
            pieces.append(Refused(source[start:at], "in a declaration"))
        elif tag := _TAG.match(source, start):
            at = _walk_tag(source, tag, line, pieces)
        elif source.startswith((f"<{OPEN}", f"</{OPEN}"), start):
            at = _after(source, CLOSE, start)
            pieces.append(Refused(source[start:at], "right after <"))
        else:
            at = start + 1
            pieces.append(Text("<"))
        line += source.count("\n", start, at)
    return pieces


def _after(source: str, mark: str, start: int) -> int:
    end = source.find(mark, start)
    return len(source) if end < 0 else end + len(mark)


def _walk_tag(source: str, tag: re.Match[str], line: int, pieces: list[Piece]) -> int:
    """Adds the pieces of one tag. Returns the offset after it (and after the content of a raw element)."""
    closing, element = tag.group(1), tag.group(2).lower()
    pieces.append(Refused(tag.group(), "in a tag's name"))
    at = tag.end()
    while at < len(source):
        if quoted := _QUOTED.match(source, at):
            blank, name, equals, quote, raw = quoted.groups()
            pieces += (Text(blank), Refused(name, "among a tag's attributes"), Text(equals))
            _add_value(raw, quote, element, name.lower(), line, pieces)
            at = quoted.end()
            continue
        if space := _SPACE.match(source, at):
            pieces.append(Text(space.group()))
            at = space.end()
            continue
        if source[at] == ">":
            pieces.append(Text(">"))
            at += 1
            break
        word = _NAME.match(source, at)
        if not word:  # a stray quote, `=` or `<`
            pieces.append(Refused(source[at], "among a tag's attributes"))
            at += 1
            continue
        pieces.append(Refused(word.group(), "among a tag's attributes"))
        at = word.end()
        if sign := _EQUALS.match(source, at):
            pieces.append(Text(sign.group()))
            at = _walk_value(source, sign.end(), element, word.group().lower(), line, pieces)
    if not closing and element in _RAW_ELEMENTS:
        end = _RAW_ELEMENTS[element].search(source, at)
        stop = end.start() if end else len(source)
        pieces.append(Refused(source[at:stop], f"in <{element}>"))
        at = stop
    return at


def _walk_value(source: str, at: int, element: str, name: str, line: int, pieces: list[Piece]) -> int:
    if at >= len(source):
        return at
    quote = source[at]
    if quote not in "\"'":
        value = _UNQUOTED.match(source, at)
        if not value:
            return at
        pieces.append(Refused(value.group(), "in an attribute without quotes"))
        return value.end()
    end = source.find(quote, at + 1)
    if end < 0:
        pieces.append(Refused(source[at:], "in an attribute whose quote is never closed"))
        return len(source)
    _add_value(source[at + 1 : end], quote, element, name, line, pieces)
    return end + 1


def _add_value(raw: str, quote: str, element: str, name: str, line: int, pieces: list[Piece]) -> None:
    """The pieces of a quoted value."""
    mark = Text(quote)
    if name == "style" or name.startswith("on") or name == "srcset":
        pieces += (mark, Refused(raw, f"in the attribute {name}"), mark)
    else:
        pieces += (mark, Attribute(raw, element, name, line), mark)
