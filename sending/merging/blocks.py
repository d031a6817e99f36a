"""Put the pieces of a source together: a tree of text, values, conditions, loops and variables.

One mistake is one problem, said where it is made; reading goes on after it. `unless` and `case` become conditions here.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sending.merging import expressions, language
from sending.merging.expressions import Condition, Loop, Value
from sending.merging.language import MAX_PROBLEMS, Mark, Output, Problem, Span, Tag
from sending.merging.liquid_room import MAX_DEPTH

TEXT_PLACE = 0


class Event(NamedTuple):
    """A piece of a source in order: text, a tracked link, or a mark. `place`: 0 for text, else the attribute's number."""

    text: str = ""
    mark: Mark | None = None
    place: int = TEXT_PLACE
    is_url: bool = False
    is_link: bool = False


@dataclass(slots=True)
class Text:
    text: str
    place: int = TEXT_PLACE


@dataclass(slots=True)
class Link:
    address: str


@dataclass(slots=True)
class Out:
    value: Value
    place: int
    is_url: bool


@dataclass(slots=True)
class Choice:
    """The first branch whose condition is met; the last has none."""

    branches: list[tuple[Condition | None, list["Node"]]]
    place: int = TEXT_PLACE


@dataclass(slots=True)
class Repeat:
    loop: Loop
    body: list["Node"]
    otherwise: list["Node"]
    place: int = TEXT_PLACE


@dataclass(slots=True)
class Assign:
    name: str
    value: Value


Node = Text | Link | Out | Choice | Repeat | Assign


@dataclass(slots=True)
class _Frame:
    """An open block. `nodes` is where what comes next is put."""

    kind: str
    tag: Tag
    place: int
    nodes: list[Node]
    node: Choice | Repeat | None
    operand: str = ""  # of a case
    closed: bool = False  # after else


def build(events: Iterable[Event], known: Collection[str] | None, problems: list[Problem]) -> list[Node]:
    """The tree. `known`: the names that exist (None: any). What is wrong is added to `problems`."""
    builder = _Builder(known, problems)
    for event in events:
        builder.take(event)
    return builder.done()


def plain_events(source: str) -> tuple[list[Event], list[Problem]]:
    """The events of a source without places: a subject, a text, a design before it is compiled."""
    found, read, problems = language.marks(source)
    events: list[Event] = []
    at = 0
    for number, span in enumerate(found):
        events.append(Event(trimmed(source, at, span.start, found, number)))
        if number in read:
            events.append(Event(mark=read[number]))
        at = span.end
    events.append(Event(trimmed(source, at, len(source), found, len(found))))
    return events, problems


def trimmed(source: str, start: int, end: int, found: list[Span], number: int) -> str:
    """The text between two spans, without the blanks that their hyphens take out. `number` is that of the span after it."""
    text = source[start:end]
    if number > 0 and found[number - 1].trim_right:
        text = text.lstrip()
    if number < len(found) and found[number].trim_left:
        text = text.rstrip()
    return text


def check(source: str, known: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the merge language of a source: unreadable pieces, blocks that do not fit, unknown names."""
    events, problems = plain_events(source)
    build(events, known, problems)
    return sorted(problems, key=lambda p: (p.line, p.column))[:MAX_PROBLEMS]


@dataclass
class _Builder:
    known: Collection[str] | None
    problems: list[Problem]
    root: list[Node] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)  # what was said of a name that there is not
    too_deep: int = 0

    @property
    def here(self) -> list[Node]:
        return self.stack[-1].nodes if self.stack else self.root

    def take(self, event: Event) -> None:
        if event.is_link:
            self.here.append(Link(event.text))
        elif event.mark is None:
            if event.text:
                self.here.append(Text(event.text, event.place))
        elif isinstance(event.mark, Output):
            self.look(event.mark.value.used, event.mark.span)
            self.here.append(Out(event.mark.value, event.place, event.is_url))
        else:
            self.tag(event.mark, event.place)

    def done(self) -> list[Node]:
        for frame in self.stack:
            self.wrong(
                frame.tag, f"This {{% {frame.kind} %}} is never closed. Write {{% end{frame.kind} %}} where it ends."
            )
        return self.root

    # --- tags ---------------------------------------------------------------------------------------------------------

    def tag(self, tag: Tag, place: int) -> None:
        if tag.name in ("if", "unless", "case", "for"):
            self.open(tag, place)
        elif tag.name == "assign":
            assert tag.value is not None
            self.look(tag.value.used, tag.span)
            self.variables.add(tag.words)
            self.here.append(Assign(tag.words, tag.value))
        else:
            self.inside(tag, place)

    def open(self, tag: Tag, place: int) -> None:
        if len(self.stack) >= MAX_DEPTH:
            if not self.too_deep:
                self.wrong(tag, f"Blocks are nested deeper than {MAX_DEPTH}. Take some levels out.")
            self.too_deep += 1
            return
        body: list[Node] = []
        node: Choice | Repeat
        if tag.name == "for":
            assert tag.loop is not None
            self.look(tag.loop.paths, tag.span)
            node = Repeat(tag.loop, body, [], place)
        elif tag.name == "case":
            self.look(self.condition(tag, f"{tag.words} == 0").paths, tag.span)
            node = Choice([], place)
        elif tag.name == "unless":
            assert tag.condition is not None
            self.look(tag.condition.paths, tag.span)
            # What stands under `unless` is the last branch; an else of it comes first.
            node = Choice([(tag.condition, []), (None, body)], place)
        else:
            assert tag.condition is not None
            self.look(tag.condition.paths, tag.span)
            node = Choice([(tag.condition, body)], place)
        self.here.append(node)
        self.stack.append(_Frame(tag.name, tag, place, body, node, tag.words))

    def inside(self, tag: Tag, place: int) -> None:
        if self.too_deep:
            self.too_deep -= tag.name.startswith("end")
            return
        if not self.stack:
            what = f"{{% {tag.name} %}} stands alone. " + (
                f"Write {{% {tag.name[3:]} … %}} before it, or take it out."
                if tag.name.startswith("end")
                else "It belongs inside a block such as {% if … %}."
            )
            self.wrong(tag, what)
            return
        frame = self.stack[-1]
        if tag.name.startswith("end"):
            self.end(tag, place, frame)
            return
        if place != frame.place:
            self.elsewhere(tag, frame)
        if frame.closed or not self.branch(tag, frame):
            self.wrong(
                tag,
                f"{{% {tag.name} %}} cannot stand here, inside of {{% {frame.kind} %}} from line {frame.tag.span.line}.",
            )

    def end(self, tag: Tag, place: int, frame: _Frame) -> None:
        kind = tag.name[3:]
        if kind != frame.kind:
            self.wrong(
                tag,
                f"{{% {frame.kind} %}} from line {frame.tag.span.line} is still open. Write {{% end{frame.kind} %}} first.",
            )
            if not any(each.kind == kind for each in self.stack):
                return
            while self.stack[-1].kind != kind:
                self.finish(self.stack.pop())
        elif place != frame.place:
            self.elsewhere(tag, frame)
        self.finish(self.stack.pop())

    def finish(self, frame: _Frame) -> None:
        if isinstance(frame.node, Choice) and (not frame.node.branches or frame.node.branches[-1][0] is not None):
            frame.node.branches.append((None, []))
        if isinstance(frame.node, Repeat):
            self.variables.discard(frame.node.loop.variable)

    def branch(self, tag: Tag, frame: _Frame) -> bool:
        """Begin the next branch of a block; False where there can be none."""
        node, body = frame.node, list[Node]()
        if isinstance(node, Repeat):
            if tag.name != "else":
                return False
            node.otherwise, frame.closed = body, True
        elif frame.kind == "unless":
            assert isinstance(node, Choice)
            if tag.name == "else":
                frame.closed = True
                body = node.branches[0][1]
            else:
                return False
        elif tag.name == "when":
            if frame.kind != "case":
                return False
            assert isinstance(node, Choice)
            words = _alternatives(tag.words)
            found = self.condition(tag, " or ".join(f"{frame.operand} == {word}" for word in words))
            self.look((path for path in found.paths if ".".join(path) != frame.operand), tag.span)
            node.branches.append((found, body))
        elif tag.name == "elsif":
            if frame.kind == "case":
                return False
            assert isinstance(node, Choice) and tag.condition is not None
            self.look(tag.condition.paths, tag.span)
            node.branches.append((tag.condition, body))
        else:
            assert isinstance(node, Choice)
            node.branches.append((None, body))
            frame.closed = True
        frame.nodes = body
        return True

    def condition(self, tag: Tag, source: str) -> Condition:
        try:
            return expressions.condition(source)
        except ValueError:
            self.wrong(tag, f"“{tag.words[:60]}” is not understood. Write values in quotes, with commas between them.")
            return Condition("false", (), frozenset(), frozenset(), 1)

    # --- problems -----------------------------------------------------------------------------------------------------

    def look(self, paths: Iterable[tuple[str, ...]], span: Span) -> None:
        """Whether these names exist."""
        loops = [frame.node.loop.variable for frame in self.stack if isinstance(frame.node, Repeat)]
        variables = self.variables.union(loops)
        for path in paths:
            head = path[0]
            if head in variables or (head == "forloop" and loops):
                try:
                    expressions.check_local(path)
                except ValueError as error:
                    self.problems.append(span.problem(str(error)))
            elif head == "forloop":
                self.problems.append(span.problem("forloop is there inside of {% for … %} only."))
            elif self.known is not None and (name := expressions.base_of(path)) not in self.known:
                if name not in self.unknown:
                    # Looking for the nearest name is slow, and nobody reads more of them than that.
                    names = {*self.known, *variables} if len(self.unknown) < MAX_PROBLEMS else ()
                    self.unknown[name] = language.unknown(name, names)
                self.problems.append(span.problem(self.unknown[name]))

    def wrong(self, tag: Tag, message: str) -> None:
        self.problems.append(tag.span.problem(message))

    def elsewhere(self, tag: Tag, frame: _Frame) -> None:
        self.wrong(
            tag,
            f"{{% {tag.name} %}} stands in another place than the {{% {frame.kind} %}} of line {frame.tag.span.line}. "
            "Put the whole block in the text, or the whole block inside of one attribute's quotes.",
        )


def _alternatives(words: str) -> list[str]:
    """`"a", "b" or "c"` into its values; what stands in quotes is one."""
    pieces: list[str] = [""]
    quote = ""
    at = 0
    while at < len(words):
        character = words[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == ",":
            pieces.append("")
            at += 1
            continue
        elif words[at : at + 4] == " or " and not quote:
            pieces.append("")
            at += 4
            continue
        pieces[-1] += character
        at += 1
    return [piece.strip() for piece in pieces]
