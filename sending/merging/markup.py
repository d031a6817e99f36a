"""Read HTML as a mail client does, just far enough to know where a merge field stands and what each link leads to.

Conditional comments for Outlook are read as the HTML that Outlook sees. Every piece keeps its raw source: joined together,
the pieces are the document again, byte for byte. One pass, no recursion, linear in the length.
"""

import html
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

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
_UNQUOTED = re.compile(r"[^\s>]+")
_RAW_ELEMENTS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags, or a tag's own static source."""

    raw: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A quoted attribute's value. `address` is the value without entities and surrounding space."""

    raw: str
    element: str
    name: str
    line: int

    @property
    def address(self) -> str:
        return html.unescape(self.raw).strip()


@dataclass(frozen=True, slots=True)
class Refused:
    """A place where no merge field can be made safe; `where` names it for people."""

    raw: str
    where: str


Piece = Text | Attribute | Refused


def walk(source: str) -> Iterator[Piece]:
    """The pieces of an HTML document, in order and without gaps."""
    at, line = 0, 1
    length = len(source)
    while at < length:
        opening = source.find("<", at)
        if opening < 0:
            yield Text(source[at:])
            return
        if opening > at:
            yield Text(source[at:opening])
            line += source.count("\n", at, opening)
        start = opening
        if marker := _CONDITIONAL.match(source, start):
            at = marker.end()
            yield Refused(source[start:at], "in a conditional comment's condition")
        elif source.startswith("<!--", start):
            at = _after(source, "-->", start + 4)
            yield Refused(source[start:at], "in a comment")
        elif source.startswith(("<!", "<?"), start):
            at = _after(source, ">", start)
            yield Refused(source[start:at], "in a declaration")
        elif tag := _TAG.match(source, start):
            at = yield from _walk_tag(source, tag, line)
        elif source.startswith((f"<{OPEN}", f"</{OPEN}"), start):
            at = _after(source, CLOSE, start)
            yield Refused(source[start:at], "right after <")
        else:
            at = start + 1
            yield Text("<")
        line += source.count("\n", start, at)


def _after(source: str, mark: str, start: int) -> int:
    end = source.find(mark, start)
    return len(source) if end < 0 else end + len(mark)


def _walk_tag(source: str, tag: re.Match[str], line: int) -> Generator[Piece, None, int]:
    """The pieces of one tag. Returns the offset after it (and after the content of a raw element)."""
    closing, element = tag.group(1), tag.group(2).lower()
    yield Refused(tag.group(), "in a tag's name")
    at = tag.end()
    while at < len(source):
        if space := _SPACE.match(source, at):
            yield Text(space.group())
            at = space.end()
            continue
        if source[at] == ">":
            yield Text(">")
            at += 1
            break
        name = _NAME.match(source, at)
        if not name:  # a stray quote, `=` or `<`
            yield Refused(source[at], "among a tag's attributes")
            at += 1
            continue
        yield Refused(name.group(), "among a tag's attributes")
        at = name.end()
        if equals := _EQUALS.match(source, at):
            yield Text(equals.group())
            at = yield from _walk_value(source, equals.end(), element, name.group().lower(), line)
    if not closing and element in _RAW_ELEMENTS:
        end = _RAW_ELEMENTS[element].search(source, at)
        stop = end.start() if end else len(source)
        yield Refused(source[at:stop], f"in <{element}>")
        at = stop
    return at


def _walk_value(source: str, at: int, element: str, name: str, line: int) -> Generator[Piece, None, int]:
    if at >= len(source):
        return at
    quote = source[at]
    if quote not in "\"'":
        value = _UNQUOTED.match(source, at)
        if not value:
            return at
        yield Refused(value.group(), "in an attribute without quotes")
        return value.end()
    end = source.find(quote, at + 1)
    if end < 0:
        yield Refused(source[at:], "in an attribute whose quote is never closed")
        return len(source)
    yield Text(quote)
    raw = source[at + 1 : end]
    if name == "style" or name.startswith("on") or name == "srcset":
        yield Refused(raw, f"in the attribute {name}")
    else:
        yield Attribute(raw, element, name, line)
    yield Text(quote)
    return end + 1
