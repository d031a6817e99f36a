"""The plain-text part, made from the HTML: headings, paragraphs, lists, and every link with its address.

For people who read mail as text, for watches and screen readers, and for filters that distrust mail without it.
"""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    "address blockquote body caption center dd div dl dt figure figcaption hr ol p pre table tbody tfoot thead ul".split()
)
_HEADINGS = {"h1": "=", "h2": "-", "h3": "", "h4": "", "h5": "", "h6": ""}
_SILENT = frozenset("head style script title noscript template".split())
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_INVISIBLE = re.compile("[\u00ad\u034f\u200b\u200c\u2060\ufeff]")  # the padding of preview texts


def plain_text(html: str) -> str:
    """The text of an HTML mail, with `\\n` lines; ends with one. A link reads `words <address>` (RFC 3986, appendix C)."""
    walker = _Walker()
    walker.feed(html)
    walker.close()
    return walker.result()


class _Walker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[str] = []
        self.hidden_at: int | None = None  # how deep the hidden element stands
        self.links: list[tuple[str, int]] = []  # address, and where its words begin in `out`
        self.lists: list[int | None] = []  # the next number, or None for bullets
        self.data_tables: list[bool] = []
        self.heading_start = 0
        self.newlines = 2  # nothing before the first line
        self.pending_space = False
        self.first_cell = True

    def result(self) -> str:
        lines = [line.rstrip() for line in "".join(self.out).split("\n")]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
        return f"{text}\n" if text else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self.open.append(tag)
        if self.hidden_at is not None:
            return
        if tag in _SILENT or _HIDDEN.search(attributes.get("style", "")) or "hidden" in attributes:
            if tag not in _VOID:
                self.hidden_at = len(self.open)
            return
        if tag == "br":
            self.paragraph() if self.newlines == 1 else self.line()
        elif tag == "img":
            self.words(attributes.get("alt", ""))
        elif tag == "a":
            self.links.append((attributes.get("href", "").strip(), len(self.out)))
        elif tag in _HEADINGS:
            self.paragraph()
            self.heading_start = len(self.out)
        elif tag in ("ul", "ol"):
            self.paragraph() if not self.lists else self.line()
            start = attributes.get("start", "1")
            self.lists.append((int(start) if start.isdecimal() and len(start) < 7 else 1) if tag == "ol" else None)
        elif tag == "li":
            self.item()
        elif tag == "table":
            self.paragraph()
            self.data_tables.append(attributes.get("role") != "presentation" and bool(self.data_tables))
        elif tag == "tr":
            self.line()
            self.first_cell = True
        elif tag in ("td", "th"):
            if not (self.data_tables and self.data_tables[-1]):
                self.paragraph()
            elif not self.first_cell:
                self.raw("  ")
            self.first_cell = False
        elif tag == "hr":
            self.paragraph()
            self.raw("-" * 40)
            self.paragraph()
        elif tag in _BLOCKS:
            self.paragraph() if tag != "div" else self.line()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.open:
            return
        while self.open:
            closed = self.open.pop()
            if self.hidden_at is None:
                self.closed(closed)
            elif len(self.open) < self.hidden_at:
                self.hidden_at = None
            if closed == tag:
                break

    def closed(self, tag: str) -> None:
        if tag == "a" and self.links:
            self.close_link(*self.links.pop())
        elif tag in _HEADINGS:
            if mark := _HEADINGS[tag]:
                width = len("".join(self.out[self.heading_start :]).rsplit("\n", 1)[-1])
                if width:
                    self.line()
                    self.raw(mark * min(width, 60))
            self.paragraph()
        elif tag in ("ul", "ol"):
            if self.lists:
                self.lists.pop()
            self.line() if self.lists else self.paragraph()
        elif tag == "table":
            if self.data_tables:
                self.data_tables.pop()
            self.paragraph()
        elif tag in ("li", "tr", "div"):
            self.line()
        elif tag in _BLOCKS:
            self.paragraph()

    def handle_data(self, data: str) -> None:
        if self.hidden_at is not None:
            return
        if "pre" in self.open:
            for number, line in enumerate(data.split("\n")):
                if number:
                    self.newlines = 0
                    self.line()
                self.raw(line)
            return
        self.words(data)

    def words(self, data: str) -> None:
        data = _SPACE.sub(" ", _INVISIBLE.sub("", data))
        if not data or (data == " " and (self.newlines or self.pending_space)):
            return
        if data.startswith(" ") or self.pending_space:
            data = data.lstrip(" ")
            if not self.newlines:
                self.out.append(" ")
        self.pending_space = data.endswith(" ")
        data = data.rstrip(" ")
        if data:
            self.out.append(data)
            self.newlines = 0

    def raw(self, data: str) -> None:
        if data:
            self.out.append(data)
            self.newlines = 0
            self.pending_space = False

    def line(self) -> None:
        self.pending_space = False
        if not self.newlines:
            self.out.append("\n")
            self.newlines = 1

    def paragraph(self) -> None:
        self.line()
        if self.newlines == 1:
            self.out.append("\n")
            self.newlines = 2

    def item(self) -> None:
        self.line()
        depth = max(0, len(self.lists) - 1)
        number = self.lists[-1] if self.lists else None
        if number is not None:
            self.lists[-1] = number + 1
        self.out.append("  " * depth + (f"{number}. " if number is not None else "- "))
        self.newlines = 2  # the words follow on this line
        self.pending_space = False

    def close_link(self, address: str, start: int) -> None:
        words = "".join(self.out[start:]).strip()
        if not address or address.startswith("#"):
            return
        bare = re.sub(r"\A(mailto|tel|sms):", "", address, flags=re.IGNORECASE)
        if words in (address, bare, re.sub(r"\Ahttps?://", "", address).rstrip("/")):
            return
        self.pending_space = False
        if words:
            self.out.append(" ")
        self.out.append(f"<{address}>")
        self.newlines = 0
