"""What stands between the braces: values with filters, conditions, loops; which names they use and which they guard.

Raises ValueError with a sentence for people. Parsed by python-liquid; the plain case, a name with a fallback, without it.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Path
from liquid.builtin.expressions.arguments import KeywordArgument
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import IntegerLiteral, Literal, RangeLiteral
from liquid.exceptions import LiquidError
from liquid.expression import Expression

from sending.merging import liquid_room
from sending.merging.filters import FILTERS, MAX_FILTERS, NEEDLESS

MAX_RANGE = 100  # steps of a loop over numbers

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*")
_DEFAULT = re.compile(
    r"""default\s*:\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|“(?P<curly>[^”]*)”|‘(?P<low>[^’]*)’|(?P<number>-?\d+(?:\.\d+)?))\s*""",
    re.DOTALL,
)
_FILTER_NAME = re.compile(r"\s*([A-Za-z_]\w*)?")
_OF_A_LIST = frozenset({"size", "first", "last"})
_OF_A_LOOP = frozenset({"index", "index0", "rindex", "rindex0", "first", "last", "length"})


@dataclass(frozen=True, slots=True)
class Value:
    """A value with its filters, as `source`. The plain case has only `name` and `default` ("" for none), and no `paths`.

    `paths`: what is looked up, as segments. `guarded`: a fallback speaks when the value is missing.
    """

    source: str
    name: str = ""
    default: str = ""
    paths: tuple[tuple[str, ...], ...] = ()
    guarded: bool = False
    work: int = 0

    @property
    def is_plain(self) -> bool:
        return bool(self.name)

    @property
    def used(self) -> tuple[tuple[str, ...], ...]:
        return (tuple(self.name.split(".")),) if self.name else self.paths


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as `source`; `if_true` and `if_false` are the paths that are surely there when it is or is not met."""

    source: str
    paths: tuple[tuple[str, ...], ...]
    if_true: frozenset[tuple[str, ...]]
    if_false: frozenset[tuple[str, ...]]
    work: int


@dataclass(frozen=True, slots=True)
class Loop:
    """`for variable in …`, as `source`; `most` times."""

    source: str
    variable: str
    paths: tuple[tuple[str, ...], ...]
    most: int


def value(inside: str, *, literal: bool = False) -> Value:
    """What stands between {{ and }}; or after the = of an assign, where a `literal` may stand alone."""
    if not inside:
        raise ValueError("This merge field is empty. Write a name between {{ and }}.")
    if plain := _plain(inside):
        return plain
    first = _NAME.match(inside)
    if not first and inside[:1] not in "\"'" and not (literal and re.match(r"-?\d", inside)):
        raise ValueError(f"“{inside[:60]}” is not a name. Write it as {{{{ contact.first_name }}}}.")
    if first:
        rest = inside[first.end() :].strip()
        if rest and rest[0] not in "|[":
            raise ValueError(
                f'“{rest[:60]}” after the name {first.group()} is not understood. A fallback is written | default: "words".'
            )
    _check_filter_names(inside)
    try:
        parsed = liquid_room.parse_value(inside)
    except (LiquidError, ValueError) as error:
        raise ValueError(_value_trouble(inside)) from error
    _check_filters(parsed)
    if isinstance(parsed.left, Literal) and not parsed.filters and not literal:
        raise ValueError(f"{inside[:60]} is the same for everybody. Write it without braces.")
    return Value(
        source=inside,
        paths=_paths_of(parsed),
        guarded=any(each.name == "default" for each in parsed.filters or ()),
        work=1 + len(parsed.filters or ()),
    )


def _plain(inside: str) -> Value | None:
    """A name, with fallbacks that are words; None for anything else."""
    match = _NAME.match(inside)
    if not match:
        return None
    name, rest = match.group(), inside[match.end() :].strip()
    if name.rsplit(".", 1)[-1] in _OF_A_LIST:
        return None
    default: str | None = None
    while rest:
        if rest[0] != "|":
            return None
        match = _DEFAULT.match(rest[1:].lstrip())
        if not match:
            return None
        if default is None:
            default = next(words for words in match.groups() if words is not None)
        rest = rest[1:].lstrip()[match.end() :].strip()
    return Value(source=inside, name=name, default=default or "", guarded=bool(default))


def condition(inside: str) -> Condition:
    """What stands after if, elsif or unless."""
    if re.search(r"(?<![=!<>])=(?!=)", re.sub(r"\"[^\"]*\"|'[^']*'", "", inside)):
        raise ValueError("Equal is written ==, with two signs.")
    if "&&" in inside or "||" in inside:
        raise ValueError("Conditions are joined by the words and, or.")
    try:
        parsed = liquid_room.parse_condition(inside)
    except (LiquidError, ValueError) as error:
        if "|" in inside:
            raise ValueError(
                "A filter cannot stand in a condition. Put its result in a variable first: {% assign name = … | … %}."
            ) from error
        raise ValueError(
            f'The condition “{inside[:60]}” is not understood. Write it as contact.first_name, contact.plan == "gold", '
            'contact.points > 10 or contact.interests contains "tea", joined by and, or.'
        ) from error
    if_true, if_false = _guards(parsed)
    paths = _paths_of(parsed)
    return Condition(inside, paths, if_true, if_false, 1 + len(paths))


def loop(inside: str) -> Loop:
    """What stands after for."""
    try:
        parsed = liquid_room.parse_loop(inside)
    except (LiquidError, ValueError) as error:
        raise ValueError(
            f"The loop “{inside[:60]}” is not understood. Write it as {{% for each in contact.interests %}}."
        ) from error
    from sending.merging.language import variable

    variable(parsed.identifier)
    if parsed.cols is not None or not isinstance(parsed.offset, Literal | None):
        raise ValueError("A loop takes limit: and offset: with numbers, and reversed.")
    most = MAX_RANGE
    if isinstance(parsed.iterable, RangeLiteral):
        start, stop = parsed.iterable.start, parsed.iterable.stop
        if not isinstance(start, IntegerLiteral) or not isinstance(stop, IntegerLiteral):
            raise ValueError("A loop over numbers needs both of them written down: (1..5).")
        most = max(int(stop.value) - int(start.value) + 1, 0)
        if most > MAX_RANGE:
            raise ValueError(f"A loop can go over at most {MAX_RANGE} numbers.")
    elif not isinstance(parsed.iterable, Path):
        raise ValueError(
            f"A loop goes over the values of a field: {{% for {parsed.identifier} in contact.interests %}}."
        )
    if parsed.limit is not None:
        if not isinstance(parsed.limit, IntegerLiteral) or not int(parsed.limit.value) >= 1:
            raise ValueError("The limit of a loop is a number from 1.")
        most = min(most, int(parsed.limit.value))
    if isinstance(parsed.offset, Literal) and not isinstance(parsed.offset, IntegerLiteral):
        raise ValueError("The offset of a loop is a number.")
    return Loop(inside, parsed.identifier, _paths_of(parsed.iterable), most)


# --- names ------------------------------------------------------------------------------------------------------------


def base_of(path: tuple[str, ...]) -> str:
    """The name under which a path is looked up: `contact.interests` of `contact.interests.size`."""
    while len(path) > 1 and (path[-1] in _OF_A_LIST or re.fullmatch(r"-?\d+", path[-1])):
        path = path[:-1]
    return ".".join(path)


def check_local(path: tuple[str, ...]) -> None:
    """Whether a path into a variable can lead anywhere. Raises ValueError."""
    allowed = _OF_A_LOOP if path[0] == "forloop" else _OF_A_LIST
    if len(path) > 2 or (len(path) == 2 and path[1] not in allowed and not re.fullmatch(r"-?\d+", path[1])):
        raise ValueError(f"{path[0]} has no “{'.'.join(path[1:])}”. There are: {', '.join(sorted(allowed))}.")
    if path == ("forloop",):
        raise ValueError("Write forloop.index, forloop.first or forloop.last.")


def _paths_of(expression: Expression | FilteredExpression) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[str, ...]] = []
    waiting: list[Expression] = [expression]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Path):
            if any(isinstance(segment, Path) for segment in each.path):
                raise ValueError("Square brackets can hold a number only: contact.interests[0].")
            found.append(tuple(str(segment) for segment in each.path))
        else:
            waiting.extend(each.children())
    return tuple(dict.fromkeys(reversed(found)))


def _guards(expression: Expression) -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]]:
    """The paths that are surely there when the condition is met, and when it is not."""
    none: frozenset[tuple[str, ...]] = frozenset()
    if isinstance(expression, BooleanExpression):
        return _guards(expression.expression)
    if isinstance(expression, LogicalAndExpression | LogicalOrExpression):
        (left, not_left), (right, not_right) = _guards(expression.left), _guards(expression.right)
        if isinstance(expression, LogicalAndExpression):
            return left | right, not_left & not_right
        return left & right, not_left | not_right
    if isinstance(expression, Path):
        return _place(expression), none
    if isinstance(expression, EqExpression | NeExpression):
        sides = (expression.left, expression.right)
        there = frozenset().union(*(_place(side) for side in sides))
        if any(liquid_room.is_nothing(side) for side in sides):
            equal, different = none, there
        elif any(isinstance(side, Literal) for side in sides):
            equal, different = there, none
        else:
            equal, different = none, none  # two missing fields are equal
        return (equal, different) if isinstance(expression, EqExpression) else (different, equal)
    if isinstance(expression, LtExpression | GtExpression | LeExpression | GeExpression | ContainsExpression):
        if isinstance(expression, LeExpression | GeExpression) and not any(
            isinstance(side, Literal) for side in (expression.left, expression.right)
        ):
            return none, none
        return _place(expression.left) | _place(expression.right), none
    return none, none


def _place(expression: Expression) -> frozenset[tuple[str, ...]]:
    if not isinstance(expression, Path) or any(isinstance(segment, Path) for segment in expression.path):
        return frozenset()
    return frozenset({tuple(base_of(tuple(map(str, expression.path))).split("."))})


# --- filters ----------------------------------------------------------------------------------------------------------


def _check_filter_names(inside: str) -> None:
    """A wrong filter gets its own sentence, whatever its arguments look like."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", '""', inside)
    for piece in bare.split("|")[1:]:
        named = _FILTER_NAME.match(piece)
        name = named.group(1) if named else None
        if not name:
            raise ValueError('After | stands a filter, for example | default: "words".')
        if name in NEEDLESS and name not in FILTERS:
            raise ValueError(f"There is no filter “{name}”. {NEEDLESS[name]}")
        if name not in FILTERS:
            near = get_close_matches(name, FILTERS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(FILTERS))}."
            raise ValueError(f"There is no filter “{name}”. {hint}")
    if bare.count("|") > MAX_FILTERS:
        raise ValueError(f"More than {MAX_FILTERS} filters on one value. Use fewer.")


def _value_trouble(inside: str) -> str:
    if re.search(r"\|\s*default\s*(:|$)", inside):
        return 'The fallback must stand in quotes: | default: "words".'
    return f'“{inside[:60]}” is not understood. A filter is written | name: "words", 5.'


def _check_filters(parsed: FilteredExpression) -> None:
    for each in parsed.filters or ():
        known = FILTERS[each.name]
        if any(isinstance(argument, KeywordArgument) for argument in each.args):
            raise ValueError(f"The filter {each.name} takes its values without names.")
        if not known.least <= len(each.args) <= known.most:
            raise ValueError(f"The filter {each.name} takes {_how_many(known.least, known.most)}.")
        if each.name == "default" and isinstance(each.args[0].value, Path):
            path = each.args[0].value.path
            if len(path) == 1:
                raise ValueError('The fallback must stand in quotes: | default: "words".')


def _how_many(least: int, most: int) -> str:
    if most == 0:
        return "nothing after it"
    if least == most:
        return f"{least} value{'s' if least != 1 else ''}: after a colon, with commas between"
    return f"{least} or {most} values" if least else "one value or none"
