"""What there is to see in a mail's HTML: language, headings, pictures, links with their words, contrasts, its preview text.

Reads compiled mail, whose styles stand on the elements. Contrast is WCAG 2.2's (success criterion 1.4.3): 4.5 to 1, and
3 to 1 for large text. Where a picture lies under the words nothing is said: nobody can know.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

MOST = 200  # of each kind
MAX_CHARS = 2_000_000

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_SILENT = frozenset("style script title noscript template".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})\Z")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)\Z")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)px")
_NAMED = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "yellow": (255, 255, 0),
    "navy": (0, 0, 128),
    "maroon": (128, 0, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
}
_INVISIBLE = re.compile("[\u00ad\u034f\u200b\u200c\u2060\ufeff\u00a0]")

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """`alt` None: not said at all; "": decoration. `is_link`: it is what a link is on. `is_dot`: a spacer, a pixel."""

    address: str
    alt: str | None
    is_link: bool
    is_dot: bool = False


@dataclass(frozen=True, slots=True)
class Faint:
    """Words that are hard to read: their contrast to what is behind, and what it should be."""

    words: str
    ratio: float
    least: float


@dataclass(frozen=True, slots=True)
class Markup:
    lang: str = ""
    headings: tuple[int, ...] = ()
    pictures: tuple[Picture, ...] = ()
    links: tuple[tuple[str, str], ...] = ()  # address, words
    faint: tuple[Faint, ...] = ()
    preview: str = ""
    smallest: float = 0  # px; 0: no text has a size
    text: str = ""


def read(html: str) -> Markup:
    """What there is in a mail's HTML. Never raises."""
    reader = _Reader()
    reader.feed(html[:MAX_CHARS])
    reader.close()
    return reader.result()


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colour(text: str) -> Colour | None:
    """A CSS colour as mail uses them; None for what is see-through or not understood."""
    text = text.strip().lower()
    if found := _HEX.match(text):
        digits = found.group(1)
        digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.match(text):
        red, green, blue = (min(255, int(value)) for value in found.groups())
        return red, green, blue
    return _NAMED.get(text)


@dataclass(slots=True)
class _Open:
    """An open element, and how text in it looks. `behind` None: a picture, or nobody knows."""

    tag: str
    ink: Colour | None = (0, 0, 0)
    behind: Colour | None = (255, 255, 255)
    size: float = 16.0
    bold: bool = False
    hidden: bool = False
    link: list[str] | None = field(default=None)
    address: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[_Open] = [_Open("")]
        self.counts: dict[str, int] = {}  # of the open elements, so that a stray end costs nothing
        self.lang = ""
        self.headings: list[int] = []
        self.pictures: list[Picture] = []
        self.links: list[tuple[str, str]] = []
        self.faint: dict[str, Faint] = {}
        self.preview: list[str] = []
        self.sizes: list[float] = []
        self.words: list[str] = []
        self.has_text = False

    def result(self) -> Markup:
        preview = " ".join(_INVISIBLE.sub(" ", " ".join(self.preview)).split())
        return Markup(
            lang=self.lang,
            headings=tuple(self.headings[:MOST]),
            pictures=tuple(self.pictures[:MOST]),
            links=tuple(self.links[:MOST]),
            faint=tuple(self.faint.values())[:MOST],
            preview=preview[:500],
            smallest=min(self.sizes, default=0),
            text=" ".join(self.words),
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        style = _style(given.get("style", ""))
        if tag == "html":
            self.lang = given.get("lang", "").strip()
        elif tag == "img":
            self._picture(given, style)
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456" and not self.open[-1].hidden:
            self.headings.append(int(tag[1]))
        if tag in _VOID or len(self.open) > 500:
            return
        self.open.append(self._inside(tag, given, style))
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def _inside(self, tag: str, given: dict[str, str], style: dict[str, str]) -> _Open:
        above = self.open[-1]
        ink, behind = above.ink, above.behind
        if "color" in style:
            ink = colour(style["color"])
        if bgcolor := given.get("bgcolor"):
            behind = colour(bgcolor) or behind
        for name in ("background-color", "background"):
            value = style.get(name, "")
            if "url(" in value or "gradient(" in value:
                behind = None
            elif value and value.split()[0].lower() not in ("transparent", "none", "inherit", "initial"):
                behind = colour(value.split()[0]) if "(" not in value else colour(value)
        if "url(" in style.get("background-image", "") or given.get("background"):
            behind = None
        size, found = above.size, _SIZE.match(style.get("font-size", ""))
        if found:
            size = float(found.group(1))
        bold = above.bold or tag in ("b", "strong", "h1", "h2", "h3", "th")
        if weight := style.get("font-weight", ""):
            bold = weight in ("bold", "bolder") or (weight.isdecimal() and len(weight) < 5 and int(weight) >= 700)
        hidden = above.hidden or tag in _SILENT or bool(_HIDDEN.search(given.get("style", ""))) or "hidden" in given
        is_link = tag == "a" and "href" in given
        return _Open(
            tag,
            ink,
            behind,
            size,
            bold,
            hidden,
            [] if is_link else above.link,
            given.get("href", "") if is_link else above.address,
        )

    def handle_endtag(self, tag: str) -> None:
        if not self.counts.get(tag):
            return
        while len(self.open) > 1:
            closed = self.open.pop()
            self.counts[closed.tag] -= 1
            if closed.tag == "a" and closed.link is not None and closed.link is not self.open[-1].link:
                self.links.append((closed.address, " ".join(" ".join(closed.link).split())))
            if closed.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        here = self.open[-1]
        words = _INVISIBLE.sub(" ", data).strip()
        if not words or any(self.counts.get(tag) for tag in _SILENT):
            return
        if here.hidden:
            if not self.has_text:  # what is hidden before the first words is there for inboxes
                self.preview.append(words)
            return
        self.has_text = True
        self.words.append(words)
        if here.link is not None:
            here.link.append(words)
        if here.size:
            self.sizes.append(here.size)
        if here.ink is None or here.behind is None:
            return
        least = 3.0 if here.size >= 24 or (here.bold and here.size >= 18.66) else 4.5
        ratio = contrast(here.ink, here.behind)
        if ratio < least:
            self.faint.setdefault(words[:60], Faint(words[:60], round(ratio, 1), least))

    def _picture(self, given: dict[str, str], style: dict[str, str]) -> None:
        here = self.open[-1]
        alt = given.get("alt")
        if here.link is not None and alt:
            here.link.append(alt)
        sides = [given.get("width", ""), given.get("height", "")]
        is_dot = any(side.strip() in ("0", "1", "0px", "1px") for side in sides)
        if not here.hidden:
            self.pictures.append(Picture(given.get("src", "").strip(), alt, here.link is not None, is_dot))


def _style(text: str) -> dict[str, str]:
    """The declarations of a style attribute, the last of each property."""
    found: dict[str, str] = {}
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip().lower()] = value.replace("!important", "").strip()
    return found
