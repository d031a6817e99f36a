"""Compile subject, HTML and text into a merge plan: where each hole stands decides how its value will be escaped.

Values, filters and conditions on fields become holes that need no interpreter. Loops, and whatever depends on a variable,
become templates: a loop as a whole, a variable's use with the assignments before it.
"""

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from sending.merging import blocks
from sending.merging.cutting import Cutter, Slots
from sending.merging.language import MAX_PROBLEMS, MergeError, Problem, Tag
from sending.merging.markup import Attribute
from sending.merging.places import html_events
from sending.merging.plan import Context, Hole, Part, Plan
from sending.merging.values import header_line

MAX_SUBJECT = 500  # characters
MAX_BODY = 2_000_000
MAX_LINKS = 1_000
MAX_WORK = 5_000  # steps a recipient: filters, conditions, and what is in a loop as often as it can be

_NOT_TRACKED_ELEMENTS = frozenset({"link", "base"})


def compile_plan(
    subject: str,
    html: str,
    text: str,
    *,
    known: Collection[str] | None = None,
    track_links: bool = True,
    track_opens: bool = True,
    interpret: bool = False,
) -> Plan:
    """Compile a letter. `known`: the names that exist (None: any). Raises MergeError with every problem found.

    Tracked: links of the HTML with a fixed http or https address; one index for each different address. Never tracked: links
    with a merge field, the unsubscribe and preferences links, mailto, tel, and the links of the text part.
    `interpret`: leave everything that varies to the interpreter; slower, and the same letter.
    """
    problems: list[Problem] = []
    slots = Slots(interpret)
    if len(subject) > MAX_SUBJECT:
        problems.append(Problem(f"The subject is longer than {MAX_SUBJECT} characters. Shorten it.", 1, 1))
    if max(len(html), len(text)) > MAX_BODY:
        raise MergeError([Problem(f"The content is longer than {MAX_BODY:,} characters. Shorten it.", 1, 1)])

    def flat(source: str, context: Context) -> Part:
        events, trouble = blocks.plain_events(source)
        tree = blocks.build(_without_tag_lines(events) if context == "text" else events, known, trouble)
        problems.extend(_in_order(trouble))
        return Cutter(slots, context).part(tree)

    def markup() -> Part:
        addresses: set[str] = set()

        def is_tracked(piece: Attribute) -> bool:
            if not track_links or not _is_web_link(piece):
                return False
            if len(addresses) >= MAX_LINKS and piece.address not in addresses:
                if len(addresses) == MAX_LINKS:
                    problems.append(Problem(f"More than {MAX_LINKS:,} different links. Use fewer.", piece.line, 1))
                addresses.add("")
                return False
            addresses.add(piece.address)
            return True

        events, trouble = html_events(html, is_tracked)
        tree = blocks.build(events, known, trouble)
        problems.extend(_in_order(trouble))
        return Cutter(slots, "html").part(tree)

    subject_part = flat(" ".join(header_line(subject).split()), "header")
    html_part = markup() if html else Part(("",), ())
    if track_opens and html:
        html_part = _with_pixel(html_part, slots)
    text_part = flat(text.replace("\r\n", "\n").replace("\r", "\n"), "text")
    if slots.work > MAX_WORK and not problems:
        problems.append(
            Problem(
                "The loops, conditions and filters together are too much work for each recipient. "
                "Give the loops a limit: {% for each in contact.interests limit: 5 %}, or use fewer.",
                1,
                1,
            )
        )
    if problems:
        raise MergeError(problems[:MAX_PROBLEMS])
    return Plan(subject_part, html_part, text_part, tuple(slots.holes), tuple(slots.links))


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda each: (each.line, each.column))


def _is_web_link(piece: Attribute) -> bool:
    if piece.name != "href" or piece.element in _NOT_TRACKED_ELEMENTS:
        return False
    try:
        split = urlsplit(piece.address)
    except ValueError:
        return False
    return split.scheme.lower() in ("http", "https") and bool(split.netloc)


def _without_tag_lines(events: list[blocks.Event]) -> Iterable[blocks.Event]:
    """The events of a text without the lines that hold tags only. Of the empty lines around them one stays."""
    line_begins, tags = True, False  # nothing but tags since the line began; whether there are any
    after_blank = True  # an empty line, or nothing, stands before this line
    for number, event in enumerate(events):
        if event.mark is not None:
            is_tag = isinstance(event.mark, Tag)
            tags, line_begins = tags or is_tag, line_begins and is_tag
            yield event
            continue
        text = event.text
        if line_begins and tags:
            head, newline, rest = text.partition("\n")
            if not head.strip() and (newline or number == len(events) - 1):
                bare = rest.lstrip("\n")
                text = bare if after_blank or bare == rest else "\n" + bare
        if "\n" in event.text:
            before, _, last = event.text.rpartition("\n")
            line_begins, tags = not last.strip(), False
            after_blank = before.endswith("\n") or (not before.strip() and after_blank)
        elif event.text.strip():
            line_begins = False
        yield event._replace(text=text)


def _with_pixel(part: Part, slots: Slots) -> Part:
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
