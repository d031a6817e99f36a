"""The merge language, piece by piece: find every `{{ … }}` and `{% … %}` of a source and read what stands between the braces.

A part of Liquid. Each piece is read by itself, with its line and column, so that one mistake does not hide the next;
`blocks` puts them together.
"""

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sending.merging.expressions import Condition, Loop, Value, condition, loop, value
from sending.merging.names import RESERVED, nearest

MAX_EXPRESSION = 500  # characters between the braces
MAX_EXPRESSIONS = 2_000  # in one source
MAX_PROBLEMS = 50  # nobody reads more at once

TAGS = ("if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for", "endfor", "assign")
_ELSEWHERE = {
    "elif": "Write elsif.",
    "elseif": "Write elsif.",
    "end": "Say what ends: endif, endunless, endcase or endfor.",
    "include": "Files cannot be included. Paste the content here, or use a saved block.",
    "render": "Files cannot be included. Paste the content here, or use a saved block.",
    "layout": "Files cannot be included. Paste the content here, or use a saved block.",
    "section": "Files cannot be included. Paste the content here, or use a saved block.",
    "comment": "Take the comment out: it would be sent to nobody.",
    "raw": "Braces as they are cannot be sent. Take the tag out.",
}
_OPENING = re.compile(r"\{[{%]")
_STRING = re.compile(r"“([^”]*)”|‘([^’]*)’|\"[^\"]*\"|'[^']*'")
_TAG = re.compile(r"\s*([A-Za-z_]\w*|#)?\s*(.*)", re.DOTALL)
_ASSIGN = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place of the source, in words that say what to do."""

    message: str
    line: int
    column: int


class MergeError(ValueError):
    """The source cannot be compiled; `problems` says why, one for each place."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"line {p.line}: {p.message}" for p in problems[:5]))


@dataclass(frozen=True, slots=True)
class Span:
    """Where braces stand. `line` and `column` count from 1. `trim_…`: a hyphen asks to take out the blanks on that side."""

    start: int
    end: int
    line: int
    column: int
    is_tag: bool = False
    trim_left: bool = False
    trim_right: bool = False
    inside: str = ""

    def problem(self, message: str) -> Problem:
        return Problem(message, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Output:
    """`{{ value }}`."""

    span: Span
    value: Value


@dataclass(frozen=True, slots=True)
class Tag:
    """`{% name … %}`: with a condition (if, elsif, unless), a value (case, assign), words (when), or a loop (for)."""

    span: Span
    name: str
    condition: Condition | None = None
    value: Value | None = None
    loop: Loop | None = None
    words: str = ""  # of `case` and `when`, as they stand; the variable's name of `assign`


Mark = Output | Tag


def spans(source: str) -> tuple[list[Span], list[Problem]]:
    """Everything in braces, in order, and what is never closed."""
    found: list[Span] = []
    problems: list[Problem] = []
    places = _Places(source)
    at = 0
    while opening := _OPENING.search(source, at):
        start = opening.start()
        line, column = places.of(start)
        if len(found) + len(problems) >= MAX_EXPRESSIONS:
            problems.append(Problem(f"More than {MAX_EXPRESSIONS:,} merge fields. Use fewer.", line, column))
            break
        is_tag = opening.group() == "{%"
        close = "%}" if is_tag else "}}"
        closing = source.find(close, start + 2, start + 2 + MAX_EXPRESSION + 2)
        if closing < 0:
            what = "tag" if is_tag else "merge field"
            problems.append(Problem(f"This {opening.group()} has no {close}. Close the {what}.", line, column))
            at = start + 2
            continue
        at = closing + 2
        inside = source[start + 2 : closing]
        left, right = inside.startswith("-"), inside.endswith("-") and len(inside) > 1
        found.append(Span(start, at, line, column, is_tag, left, right, inside[left : len(inside) - right]))
    return found, problems


def marks(source: str) -> tuple[list[Span], dict[int, Mark], list[Problem]]:
    """The spans of a source, what each was read as (by its number; none for what could not be read), and the problems."""
    found, problems = spans(source)
    read: dict[int, Mark] = {}
    for number, span in enumerate(found):
        try:
            inside = straight(span.inside)
            read[number] = _tag(span, inside) if span.is_tag else Output(span, value(inside))
        except ValueError as error:
            problems.append(span.problem(str(error)))
            if span.is_tag and (stand_in := _stand_in(span)):
                read[number] = stand_in
    return found, read, problems


def _stand_in(span: Span) -> Tag | None:
    """A tag in place of one that could not be read, so that its end is not another problem."""
    name, _, rest = straight(span.inside).partition(" ")
    nothing = Condition("false", (), frozenset(), frozenset(), 1)
    if name in ("if", "elsif", "unless"):
        return Tag(span, name, condition=nothing)
    if name == "for":
        variable = re.match(r"\s*([A-Za-z]\w*)", rest)
        return Tag(span, name, loop=Loop("", variable.group(1) if variable else "each", (), 1))
    if name in ("case", "when"):
        return Tag(span, name, words="0")
    if name == "assign" and (assigned := _ASSIGN.match(rest)):
        return Tag(span, name, value=Value("0"), words=assigned.group(1))
    return None


def straight(inside: str) -> str:
    """What stands between braces without what editors and HTML writers do to it: entities, hard blanks, curly quotes."""
    inside = html.unescape(inside).replace("\xa0", " ").strip()
    if "“" in inside or "‘" in inside:
        inside = _STRING.sub(_straight_quotes, inside)
    return inside


def _straight_quotes(found: re.Match[str]) -> str:
    words = next((group for group in found.groups() if group is not None), None)
    if words is None:
        return found.group()
    for quote in "\"'":
        if quote not in words:
            return f"{quote}{words}{quote}"
    return found.group()  # a plain fallback may hold both kinds


def _tag(span: Span, inside: str) -> Tag:
    """Raises ValueError with a sentence for people."""
    match = _TAG.fullmatch(inside)
    assert match
    name, rest = match.group(1) or "", match.group(2).strip()
    if name not in TAGS:
        if name in _ELSEWHERE:
            raise ValueError(f"There is no tag {name} here. {_ELSEWHERE[name]}")
        near = nearest(name, TAGS) if name else ""
        hint = f"Did you mean {near}?" if near else f"There are: {', '.join(t for t in TAGS if t[:3] != 'end')}."
        raise ValueError(f"There is no tag “{(name or inside)[:40]}”. {hint}")
    if name in ("if", "elsif", "unless"):
        if not rest:
            raise ValueError(f"After {name} stands a condition: {{% {name} contact.first_name %}}.")
        return Tag(span, name, condition=condition(rest))
    if name == "for":
        return Tag(span, name, loop=loop(rest))
    if name == "assign":
        assigned = _ASSIGN.fullmatch(rest)
        if not assigned:
            raise ValueError('An assign is written {% assign name = contact.first_name | default: "you" %}.')
        variable(assigned.group(1))
        return Tag(span, name, value=value(assigned.group(2), literal=True), words=assigned.group(1))
    if name == "case":
        if not rest:
            raise ValueError("After case stands what is compared: {% case contact.plan %}.")
        condition(f"{rest} == 0")  # can be compared at all
        return Tag(span, name, words=rest)
    if name == "when":
        if not rest:
            raise ValueError('After when stand one or more values: {% when "gold", "silver" %}.')
        return Tag(span, name, words=rest)
    if rest and name == "else" and rest.startswith("if"):
        raise ValueError("“else if” is written elsif.")
    if rest:
        raise ValueError(f"Nothing can stand after {name}. Take “{rest[:40]}” out.")
    return Tag(span, name)


def variable(name: str) -> str:
    """A name that a template may give. Raises ValueError."""
    if name in RESERVED or name.startswith("_"):
        raise ValueError(f"A variable cannot be called {name}. Choose another name.")
    return name


def unknown(name: str, known: Collection[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one that does."""
    suggestion = nearest(name, known)
    hint = (
        f" Did you mean {{{{ {suggestion} }}}}?"
        if suggestion
        else " Choose one of the names in the list of merge fields."
    )
    return f"There is no merge field “{name}”.{hint}"


class _Places:
    """Line and column of offsets that only grow: one pass over the source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.line = 1
        self.line_start = 0

    def of(self, offset: int) -> tuple[int, int]:
        for start in self._line_starts(offset):
            self.line += 1
            self.line_start = start
        return self.line, offset - self.line_start + 1

    def _line_starts(self, offset: int) -> Iterator[int]:
        at = self.line_start
        while (newline := self.source.find("\n", at, offset)) >= 0:
            at = newline + 1
            yield at
