"""Where in HTML the braces stand: in the text, in an attribute, or where nothing can be made safe."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sending.merging import language
from sending.merging.blocks import Event, trimmed
from sending.merging.language import Mark, Problem, Span, Tag
from sending.merging.markup import CLOSE, OPEN, Attribute, Refused, Text, walk

URL_ATTRIBUTES = frozenset(
    {"href", "src", "background", "action", "formaction", "poster", "cite", "data", "xlink:href"}
)
MOST_SCHEME = 40  # characters; no scheme that is allowed has more
MOST_WAYS = 32  # that are told apart
_FENCE = re.compile(f"{OPEN}(\\d+){CLOSE}")
_LEADS = re.compile("[:/?#]")
_WORD = "field"  # for a value that nobody knows: with it, no scheme is one that is allowed


def html_events(html: str, is_tracked: Callable[[Attribute], bool]) -> tuple[list[Event], list[Problem]]:
    """The events of an HTML document, and what stands where it cannot. A link's address that `is_tracked` is a link event."""
    if OPEN in html or CLOSE in html:
        html = html.replace(OPEN, "").replace(CLOSE, "")
    found, read, problems = language.marks(html)
    events: list[Event] = []
    place = 0
    for piece in walk(_fenced(html, found)):
        if isinstance(piece, Attribute) and OPEN not in piece.raw and is_tracked(piece):
            events.append(Event(piece.address, is_link=True))
        elif OPEN not in piece.raw:
            events.append(Event(piece.raw))
        elif isinstance(piece, Refused):
            problems.append(_refused(found[_first(piece.raw)], piece.where))
        elif isinstance(piece, Text):
            events += _split(piece.raw, read, 0, False)
        else:
            place += 1
            whole = _split(piece.raw, read, place, piece.name in URL_ATTRIBUTES)
            events += [_as_link(each, piece, is_tracked) for each in whole] if _is_either_or(whole) else whole
    return events, problems


def _is_either_or(events: list[Event]) -> bool:
    """Whether an attribute is one block of conditions around fixed texts, so that exactly one of these is its value."""
    marks = [event.mark for event in events if event.mark is not None]
    names = [mark.name if isinstance(mark, Tag) else "" for mark in marks]
    return (
        len(names) > 1
        and names[0] in ("if", "unless", "case")
        and names[-1] == f"end{names[0]}"
        and all(name in ("elsif", "else", "when") for name in names[1:-1])
        and not events[0].text.strip()
        and not events[-1].text.strip()
    )


def _as_link(event: Event, piece: Attribute, is_tracked: Callable[[Attribute], bool]) -> Event:
    if event.mark is not None or not event.text.strip():
        return event
    branch = Attribute(event.text, piece.element, piece.name, piece.line)
    return Event(branch.address, is_link=True) if is_tracked(branch) else event


def fragment_problems(html: str) -> list[Problem]:
    """What of a piece of HTML stands where nothing can be made safe."""
    html = html.replace(OPEN, "").replace(CLOSE, "")
    found, _ = language.spans(html)
    return [
        _refused(found[_first(piece.raw)], piece.where)
        for piece in walk(_fenced(html, found))
        if isinstance(piece, Refused) and OPEN in piece.raw
    ]


def beginnings(address: str) -> list[str]:
    """The static texts with which an address can begin, whichever branch of its conditions is taken.

    Used to judge schemes, so rather one too many than one too few. Until one of `:/?#` says where it leads, what stands
    behind a text goes on with it (`java{% if a %}script:`), and a field in between is a word.
    """
    found, _ = language.spans(address)
    ways: list[str] = []
    before = {""}  # what can stand before this place and does not say yet where the address leads
    waiting: list[_Branching] = []
    at = 0
    for span in [*found, None]:
        static = address[at : span.start if span else len(address)]
        if static.strip():
            ways += [start + static for start in sorted(before)]
            before = set() if _LEADS.search(static) else {(start + static)[:MOST_SCHEME] for start in before}
        if span is None:
            break
        at = span.end
        name = span.inside.strip().partition(" ")[0]
        if not span.is_tag:
            before = {start and start[:MOST_SCHEME] + _WORD for start in before}
        elif name in ("if", "unless", "case", "for"):
            waiting.append(_Branching(before))
            if name == "for" and before:
                before = before | {_WORD}  # what an earlier round has left
        elif name in ("elsif", "else", "when") and waiting:
            waiting[-1].after |= before
            before = waiting[-1].before
        elif name.startswith("end") and waiting:
            block = waiting.pop()
            before = block.after | before | block.before
        if len(before) > MOST_WAYS:
            before = {_WORD} | (before & {""})
    return list(dict.fromkeys(ways))


@dataclass(slots=True)
class _Branching:
    """An open block in an address: what can stand before it, and what its branches so far have left."""

    before: set[str]
    after: set[str] = field(default_factory=set)


def _fenced(html: str, found: list[Span]) -> str:
    """The source with each span as its number in marks, so that what stands between the braces cannot disturb the reading."""
    pieces: list[str] = []
    at = 0
    for number, span in enumerate(found):
        pieces += [trimmed(html, at, span.start, found, number), f"{OPEN}{number}{CLOSE}"]
        at = span.end
    pieces.append(trimmed(html, at, len(html), found, len(found)))
    return "".join(pieces)


def _split(raw: str, read: dict[int, Mark], place: int, is_url: bool) -> list[Event]:
    events: list[Event] = []
    for number, piece in enumerate(_FENCE.split(raw)):
        if number % 2 == 0:
            events.append(Event(piece, place=place))
        elif int(piece) in read:
            events.append(Event(mark=read[int(piece)], place=place, is_url=is_url))
    return events


def _first(raw: str) -> int:
    found = _FENCE.search(raw)
    assert found
    return int(found.group(1))


def _refused(span: Span, where: str) -> Problem:
    if span.is_tag:
        name = span.inside.strip().partition(" ")[0]
        return span.problem(
            f"{{% {name[:20]} %}} cannot stand {where}. Put it around whole elements, in the text, or inside of a quoted attribute."
        )
    return span.problem(f"A merge field cannot stand {where}. Put it in the text or in a quoted attribute.")
