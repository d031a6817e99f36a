"""The tree of a segment: groups (all of, any of) and conditions, read from JSON with limits and clear refusals.

A definition is a group: {"match": "all" | "any", "rules": [...]}; a rule is a group again or a condition:
{"about": "field:city", "op": "is", "value": "Oslo"}. The root may be empty: that is everybody. `schema.py` publishes this.

Policy: every condition is true or false of every person, never unknown: somebody without a value "is not" Oslo.
Text is compared without regard to case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

MAX_DEPTH = 5  # groups within groups, the root counted
MAX_RULES = 100  # conditions and groups in all
MAX_TEXT = 500  # characters of one value
MAX_CHOICES = 500  # values of one "is one of"
MAX_DAYS = 36_500
MAX_DIGITS = 30
MIN_YEAR, MAX_YEAR = 1000, 9000

TEXT_OPS = ("is", "is_not", "one_of", "contains", "not_contains", "starts", "empty", "not_empty")
NUMBER_OPS = ("eq", "ne", "lt", "le", "gt", "ge", "empty", "not_empty")
DAY_OPS = ("on", "before", "after", "within", "not_within", "empty", "not_empty")
OPS: Mapping[str, tuple[str, ...]] = {
    "text": TEXT_OPS,
    "number": NUMBER_OPS,
    "day": DAY_OPS,
    "moment": DAY_OPS,
    "boolean": ("yes", "no", "empty", "not_empty"),
    "language": ("is", "is_not", "one_of", "empty", "not_empty"),
    "domain": ("is", "is_not", "one_of", "contains", "starts"),
    "created": ("on", "before", "after", "within", "not_within"),
    "topic": ("subscribed", "not_subscribed", "unsubscribed"),
}
NO_VALUE = frozenset({"empty", "not_empty", "yes", "no"})
DAYS_VALUE = frozenset({"within", "not_within"})
KIND_OF_FIELD = {
    "text": "text",
    "choice": "text",
    "url": "text",
    "number": "number",
    "date": "day",
    "datetime": "moment",
    "boolean": "boolean",
}
BUILT_IN = {"address": "text", "domain": "domain", "language": "language", "created": "created", "topic": "topic"}

Value = str | tuple[str, ...] | Decimal | date | int | None


class BadDefinition(ValueError):
    """A definition cannot be understood. `path` leads to the rule, as in (0, 2): third rule of the first group."""

    def __init__(self, why: str, path: tuple[int, ...] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.path = path


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a segment may ask about: fields (key to kind and label) and topics (public id to name)."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind` decides the operators; `key` is the field's key, or "" for what every person has."""

    about: str
    kind: str
    key: str
    op: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Group:
    match: Literal["all", "any"]
    rules: tuple["Group | Condition", ...]


Rule = Group | Condition


def parse(definition: object, catalogue: Catalogue) -> Group:
    """The tree of a definition. Raises BadDefinition."""
    budget = iter(range(MAX_RULES + 1))
    tree = _rule(definition, catalogue, (), 1, budget)
    if not isinstance(tree, Group):
        raise BadDefinition("A segment begins with a group: all of, or any of, its rules.")
    return tree


def conditions(tree: Rule) -> Iterator[Condition]:
    """Every condition of a tree, from top to bottom."""
    if isinstance(tree, Condition):
        yield tree
    else:
        for rule in tree.rules:
            yield from conditions(rule)


def kind_of(about: str, catalogue: Catalogue) -> tuple[str, str]:
    """(kind, key) of what a condition is about; KeyError if there is no such thing."""
    if about in BUILT_IN:
        return BUILT_IN[about], ""
    prefix, _, key = about.partition(":")
    if prefix != "field" or key not in catalogue.kinds:
        raise KeyError(about)
    return KIND_OF_FIELD[catalogue.kinds[key]], key


def _rule(node: object, catalogue: Catalogue, path: tuple[int, ...], depth: int, budget: Iterator[int]) -> Rule:
    if next(budget, None) is None:
        raise BadDefinition(f"A segment has room for {MAX_RULES} conditions. Split it in two.", path)
    if not isinstance(node, Mapping):
        raise BadDefinition("A rule is an object: a group or a condition.", path)
    if "match" not in node and "rules" not in node:
        return _condition(node, catalogue, path)
    if depth > MAX_DEPTH:
        raise BadDefinition(f"Groups may lie {MAX_DEPTH} deep, no deeper.", path)
    match, rules = node.get("match"), node.get("rules")
    if match not in ("all", "any"):
        raise BadDefinition('A group matches "all" or "any" of its rules.', path)
    if not isinstance(rules, list):
        raise BadDefinition("A group has a list of rules.", path)
    if not rules and path:
        raise BadDefinition("This group is empty. Add a condition to it, or remove it.", path)
    return Group(match, tuple(_rule(rule, catalogue, (*path, i), depth + 1, budget) for i, rule in enumerate(rules)))


def _condition(node: Mapping[str, Any], catalogue: Catalogue, path: tuple[int, ...]) -> Condition:
    about, op = node.get("about"), node.get("op")
    if not isinstance(about, str) or not about:
        raise BadDefinition("Choose what this condition is about.", path)
    try:
        kind, key = kind_of(about, catalogue)
    except KeyError:
        raise BadDefinition(f"There is no field {about.removeprefix('field:')[:60]!r}.", path) from None
    if op not in OPS[kind]:
        raise BadDefinition(f"{str(op)[:40]!r} cannot be asked of this; it takes {', '.join(OPS[kind])}.", path)
    value = None if op in NO_VALUE else _value(kind, op, node.get("value"), catalogue, path)
    return Condition(about, kind, key, op, value)


def _value(kind: str, op: str, raw: object, catalogue: Catalogue, path: tuple[int, ...]) -> Value:
    if kind == "topic":
        if not isinstance(raw, str) or raw not in catalogue.topics:
            raise BadDefinition("Choose a topic.", path)
        return raw
    if op in DAYS_VALUE:
        return _days(raw, path)
    if kind == "number":
        return _number(raw, path)
    if kind in ("day", "moment", "created"):
        return _date(raw, path)
    if op == "one_of":
        return _choices(raw, path)
    return _text(raw, path)


def _text(raw: object, path: tuple[int, ...]) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise BadDefinition("Write what to compare with.", path)
    if len(raw) > MAX_TEXT:
        raise BadDefinition(f"That is longer than {MAX_TEXT} characters.", path)
    if "\x00" in raw or not _is_encodable(raw):
        raise BadDefinition("There is a character in it that cannot be stored.", path)
    return raw.strip()


def _choices(raw: object, path: tuple[int, ...]) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw:
        raise BadDefinition("Write at least one value.", path)
    if len(raw) > MAX_CHOICES:
        raise BadDefinition(f"A list may hold {MAX_CHOICES} values.", path)
    return tuple(dict.fromkeys(_text(one, path) for one in raw))


def _number(raw: object, path: tuple[int, ...]) -> Decimal:
    try:
        if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal) or len(str(raw)) > MAX_DIGITS:
            raise InvalidOperation
        number = Decimal(str(raw).strip())
    except InvalidOperation:
        raise BadDefinition("Write a number, for example 12 or 3.5.", path) from None
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise BadDefinition("Write a number, for example 12 or 3.5.", path)
    return number


def _date(raw: object, path: tuple[int, ...]) -> date:
    try:
        day = date.fromisoformat(raw.strip() if isinstance(raw, str) else "")
    except ValueError:
        raise BadDefinition("Write a date as year-month-day, for example 2026-11-22.", path) from None
    if not MIN_YEAR <= day.year <= MAX_YEAR:
        raise BadDefinition(f"Write a date between the years {MIN_YEAR} and {MAX_YEAR}.", path)
    return day


def _days(raw: object, path: tuple[int, ...]) -> int:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= MAX_DAYS):
        raise BadDefinition("Write a number of days, for example 30.", path)
    return int(text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
