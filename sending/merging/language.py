"""The merge language: find `{{ name | default: "words" }}` in a source and say, with line and column, what is wrong.

A subset of Liquid: what is written today stays valid when more of Liquid follows. Tags (`{% … %}`) are refused by name.
"""

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sending.merging.names import nearest

MAX_EXPRESSION = 500  # characters between the braces
MAX_EXPRESSIONS = 2_000  # in one source
MAX_PROBLEMS = 50  # nobody reads more at once

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*")
_DEFAULT = re.compile(
    r"""default\s*:\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|“(?P<curly>[^”]*)”|‘(?P<low>[^’]*)’|(?P<number>-?\d+(?:\.\d+)?))\s*""",
    re.DOTALL,
)
_FILTER_NAME = re.compile(r"\s*([A-Za-z_]\w*)?")
_OPENING = re.compile(r"\{[{%]")


@dataclass(frozen=True, slots=True)
class Expression:
    """One `{{ … }}`: the name, its fallback (None: none given), and where it stands. `line` and `column` count from 1."""

    name: str
    default: str | None
    start: int
    end: int
    line: int
    column: int


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


def parse(source: str) -> tuple[list[Expression], list[Problem]]:
    """All expressions of a source in order, and what could not be read as one."""
    found: list[Expression] = []
    problems: list[Problem] = []
    places = _Places(source)
    at = 0
    while opening := _OPENING.search(source, at):
        start = opening.start()
        line, column = places.of(start)
        if len(found) + len(problems) >= MAX_EXPRESSIONS:
            problems.append(Problem(f"More than {MAX_EXPRESSIONS:,} merge fields. Use fewer.", line, column))
            break
        if opening.group() == "{%":
            problems.append(
                Problem(
                    'Tags such as {% if %} are not available. Use {{ name }} or {{ name | default: "words" }}.',
                    line,
                    column,
                )
            )
            at = start + 2
            continue
        closing = source.find("}}", start + 2, start + 2 + MAX_EXPRESSION + 2)
        if closing < 0:
            problems.append(Problem("This {{ has no }}. Close the merge field.", line, column))
            at = start + 2
            continue
        at = closing + 2
        try:
            name, default = _read(source[start + 2 : closing])
        except ValueError as error:
            problems.append(Problem(str(error), line, column))
        else:
            found.append(Expression(name, default, start, at, line, column))
    return found, problems


def expressions(source: str) -> list[Expression]:
    """All expressions of a source. Raises MergeError when one cannot be read."""
    found, problems = parse(source)
    if problems:
        raise MergeError(problems)
    return found


def check(source: str, known: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong with the merge fields of a source: unreadable ones and names that do not exist."""
    found, problems = parse(source)
    if known is not None:
        problems += [Problem(unknown(e.name, known), e.line, e.column) for e in found if e.name not in known]
    return sorted(problems, key=lambda p: (p.line, p.column))[:MAX_PROBLEMS]


def unknown(name: str, known: Collection[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one that does."""
    suggestion = nearest(name, known)
    hint = (
        f" Did you mean {{{{ {suggestion} }}}}?"
        if suggestion
        else " Choose one of the names in the list of merge fields."
    )
    return f"There is no merge field “{name}”.{hint}"


def _read(inside: str) -> tuple[str, str | None]:
    """Name and fallback of what stands between the braces. Raises ValueError with a sentence for people."""
    # Editors and HTML writers turn quotes and spaces into entities.
    inside = html.unescape(inside).replace("\xa0", " ").strip()
    if not inside:
        raise ValueError("This merge field is empty. Write a name between {{ and }}.")
    match = _NAME.match(inside)
    if not match:
        raise ValueError(f"“{inside[:60]}” is not a name. Write it as {{{{ contact.first_name }}}}.")
    name, rest = match.group(), inside[match.end() :].strip()
    default: str | None = None
    while rest:
        if rest[0] != "|":
            raise ValueError(
                f'“{rest[:60]}” after the name {name} is not understood. A fallback is written | default: "words".'
            )
        rest = rest[1:].lstrip()
        match = _DEFAULT.match(rest)
        if not match:
            raise ValueError(_filter_trouble(rest))
        if default is None:
            default = next(value for value in match.groups() if value is not None)
        rest = rest[match.end() :].strip()
    return name, default


def _filter_trouble(rest: str) -> str:
    named = _FILTER_NAME.match(rest)
    name = named.group(1) if named else None
    if name and name != "default":
        return f"There is no filter “{name}”. The one there is: default."
    return 'The fallback must stand in quotes: | default: "words".'


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
