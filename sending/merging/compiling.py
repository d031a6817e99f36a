"""Compile subject, HTML and text into a merge plan: where each hole stands decides how its value will be escaped."""

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sending.merging.language import MAX_PROBLEMS, Expression, MergeError, Problem, parse, unknown
from sending.merging.markup import CLOSE, OPEN, Attribute, Refused, Text, walk
from sending.merging.plan import Context, Hole, Part, Plan

MAX_SUBJECT = 500  # characters
MAX_BODY = 2_000_000
MAX_LINKS = 1_000

_URL_ATTRIBUTES = frozenset(
    {"href", "src", "background", "action", "formaction", "poster", "cite", "data", "xlink:href"}
)
_NOT_TRACKED_ELEMENTS = frozenset({"link", "base"})


def compile_plan(
    subject: str,
    html: str,
    text: str,
    *,
    known: Collection[str] | None = None,
    track_links: bool = True,
    track_opens: bool = True,
) -> Plan:
    """Compile a letter. `known`: the names that exist (None: any). Raises MergeError with every problem found.

    Tracked: links of the HTML with a fixed http or https address; one index for each different address. Never tracked: links
    with a merge field, the unsubscribe and preferences links, mailto, tel, and the links of the text part.
    """
    slots = _Slots()
    problems: list[Problem] = []
    if len(subject) > MAX_SUBJECT:
        problems.append(Problem(f"The subject is longer than {MAX_SUBJECT} characters. Shorten it.", 1, 1))
    if max(len(html), len(text)) > MAX_BODY:
        raise MergeError([Problem(f"The content is longer than {MAX_BODY:,} characters. Shorten it.", 1, 1)])
    single_line = " ".join(subject.split())
    subject_part = _flat(single_line, "header", slots, known, problems)
    html_part = _markup(html, slots, known, problems, track_links) if html else Part(("",), ())
    if track_opens and html:
        html_part = _with_pixel(html_part, slots)
    text_part = _flat(text.replace("\r\n", "\n").replace("\r", "\n"), "text", slots, known, problems)
    if problems:
        raise MergeError(problems[:MAX_PROBLEMS])
    return Plan(subject_part, html_part, text_part, tuple(slots.holes), tuple(slots.links))


@dataclass
class _Slots:
    """Numbers for holes and links: the same hole or address twice is one number."""

    holes: dict[Hole, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)

    def of(self, hole: Hole) -> int:
        return self.holes.setdefault(hole, len(self.holes))

    def link(self, url: str) -> int:
        return self.of(Hole("link", link=self.links.setdefault(url, len(self.links))))


class _Builder:
    """Collects static text and slots in turn into a part."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.slots: list[int] = []
        self.static: list[str] = []

    def text(self, value: str) -> None:
        self.static.append(value)

    def slot(self, number: int) -> None:
        self.chunks.append("".join(self.static))
        self.static = []
        self.slots.append(number)

    def part(self) -> Part:
        return Part((*self.chunks, "".join(self.static)), tuple(self.slots))


def _read(source: str, known: Collection[str] | None, problems: list[Problem]) -> list[Expression]:
    found, trouble = parse(source)
    problems += trouble
    if known is not None:
        problems += [Problem(unknown(e.name, known), e.line, e.column) for e in found if e.name not in known]
    return found


def _flat(source: str, context: Context, slots: _Slots, known: Collection[str] | None, problems: list[Problem]) -> Part:
    builder = _Builder()
    at = 0
    for expression in _read(source, known, problems):
        builder.text(source[at : expression.start])
        builder.slot(slots.of(Hole("value", expression.name, context, expression.default or "")))
        at = expression.end
    builder.text(source[at:])
    return builder.part()


def _markup(
    html: str, slots: _Slots, known: Collection[str] | None, problems: list[Problem], track_links: bool
) -> Part:
    if OPEN in html or CLOSE in html:
        html = html.replace(OPEN, "").replace(CLOSE, "")
    found = _read(html, known, problems)
    marked, at = [], 0
    for number, expression in enumerate(found):
        marked += [html[at : expression.start], f"{OPEN}{number}{CLOSE}"]
        at = expression.end
    source = "".join([*marked, html[at:]])

    builder = _Builder()
    for piece in walk(source):
        if isinstance(piece, Attribute) and _is_tracked(piece, track_links):
            if len(slots.links) >= MAX_LINKS and piece.address not in slots.links:
                problems.append(Problem(f"More than {MAX_LINKS:,} different links. Use fewer.", piece.line, 1))
                break
            builder.slot(slots.link(piece.address))
        elif OPEN not in piece.raw:
            builder.text(piece.raw)
        elif isinstance(piece, Refused):
            expression = found[_number(piece.raw, piece.raw.index(OPEN))]
            message = f"A merge field cannot stand {piece.where}. Put it in the text or in a quoted attribute."
            problems.append(Problem(message, expression.line, expression.column))
        elif isinstance(piece, Text):
            _fill_in(piece.raw, found, builder, slots, "html")
        else:
            _fill_in(piece.raw, found, builder, slots, "url" if piece.name in _URL_ATTRIBUTES else "html")
    return builder.part()


def _is_tracked(piece: Attribute, track_links: bool) -> bool:
    if not track_links or piece.name != "href" or piece.element in _NOT_TRACKED_ELEMENTS or OPEN in piece.raw:
        return False
    try:
        split = urlsplit(piece.address)
    except ValueError:
        return False
    return split.scheme.lower() in ("http", "https") and bool(split.netloc)


def _fill_in(raw: str, found: list[Expression], builder: _Builder, slots: _Slots, context: Context) -> None:
    at = 0
    while (start := raw.find(OPEN, at)) >= 0:
        builder.text(raw[at:start])
        expression = found[_number(raw, start)]
        # Only what starts an address may say where it leads; anything later is data of that address.
        placed: Context = "whole_url" if context == "url" and not raw[:start].strip() else context
        builder.slot(slots.of(Hole("value", expression.name, placed, expression.default or "")))
        at = raw.index(CLOSE, start) + 1
    builder.text(raw[at:])


def _number(raw: str, start: int) -> int:
    return int(raw[start + 1 : raw.index(CLOSE, start)])


def _with_pixel(part: Part, slots: _Slots) -> Part:
    """The part with the pixel's hole before the last `</body>`, or at the end where there is none."""
    chunks = list(part.chunks)
    for index in range(len(chunks) - 1, -1, -1):
        at = chunks[index].lower().rfind("</body")
        if at >= 0:
            break
    else:
        index, at = len(chunks) - 1, len(chunks[-1])
    chunk = chunks[index]
    chunks[index : index + 1] = [chunk[:at], chunk[at:]]
    holes = list(part.slots)
    holes.insert(index, slots.of(Hole("pixel")))
    return Part(tuple(chunks), tuple(holes))
