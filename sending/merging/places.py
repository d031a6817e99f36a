"""Where in HTML the braces stand: in the text, in an attribute, or where nothing can be made safe."""

import re
from collections.abc import Callable

from sending.merging import language
from sending.merging.blocks import Event, trimmed
from sending.merging.language import Mark, Problem, Span, Tag
from sending.merging.markup import CLOSE, OPEN, Attribute, Refused, Text, walk

URL_ATTRIBUTES = frozenset(
    {"href", "src", "background", "action", "formaction", "poster", "cite", "data", "xlink:href"}
)
_FENCE = re.compile(f"{OPEN}(\\d+){CLOSE}")


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

    What stands behind something fixed is no beginning. Used to judge schemes, so rather one too many than one too few.
    """
    found, _ = language.spans(address)
    ways: list[str] = []
    at = 0
    may_begin = True
    waiting: list[bool] = []
    for span in [*found, None]:
        static = address[at : span.start if span else len(address)]
        if static.strip() and may_begin:
            ways.append(static)
            may_begin = False
        if span is None:
            break
        at = span.end
        name = span.inside.strip().partition(" ")[0]
        if not span.is_tag:
            continue
        if name in ("if", "unless", "case", "for"):
            waiting.append(may_begin)
        elif name in ("elsif", "else", "when") and waiting:
            may_begin = waiting[-1]
        elif name.startswith("end") and waiting:
            may_begin = waiting.pop()
    return ways


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
