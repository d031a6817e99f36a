"""The tree of a segment: groups (all of, any of, none of) and conditions, read from JSON with limits and clear refusals.

A definition is a group: {"match": "all" | "any" | "none", "rules": [...]}; a rule is a group again or a condition:
{"about": "field:city", "op": "is", "value": "Oslo"}. The root may be empty: that is everybody. `schema.py` publishes this.

Policy: every condition is true or false of every person, never unknown: somebody without a value "is not" Oslo.
Text is compared without regard to case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from contacts.segments import reading
from contacts.segments.knowledge import Catalogue
from contacts.segments.reading import BadDefinition

MAX_DEPTH = 5  # groups within groups, the root counted
MAX_RULES = 100  # conditions and groups in all

EMPTY_OPS = ("empty", "not_empty")
TEXT_OPS = ("is", "is_not", "one_of", "contains", "not_contains", "starts", *EMPTY_OPS)
NUMBER_OPS = ("eq", "ne", "lt", "le", "gt", "ge", *EMPTY_OPS)
DATE_OPS = ("on", "before", "after", "between", "within", "not_within", "ago", "next", "past", "future")
YEARLY_OPS = ("yearly_today", "yearly_next")  # anniversaries
LIST_OPS = ("any_of", "all_of", "none_of")
OPS: Mapping[str, tuple[str, ...]] = {
    "text": TEXT_OPS,
    "number": NUMBER_OPS,
    "day": (*DATE_OPS, *YEARLY_OPS, *EMPTY_OPS),
    "moment": (*DATE_OPS, *EMPTY_OPS),
    "boolean": ("yes", "no", *EMPTY_OPS),
    "multi": (*LIST_OPS, *EMPTY_OPS),
    "language": ("is", "is_not", "one_of", *EMPTY_OPS),
    "domain": ("is", "is_not", "one_of", "contains", "starts"),
    "created": (*DATE_OPS, *YEARLY_OPS),
    "provider": ("is", "is_not"),
    "source": ("is", "is_not"),
    "import": ("is", "is_not"),
    "form": ("is", "is_not"),
    "tag": LIST_OPS,
    "topic": ("subscribed", "not_subscribed", "unsubscribed", "pending"),
    "consent": ("given", "not_given", "confirmed", "not_confirmed"),
    "activity": ("at_least", "at_most", "exactly", "never"),
    "score": ("ge", "le", "eq"),
    "suppressed": ("yes", "no", "because"),
    "segment": ("in", "not_in"),
}
NO_VALUE = frozenset({*EMPTY_OPS, "yes", "no", "past", "future", "yearly_today"})
DAYS_VALUE = frozenset({"within", "not_within", "ago", "next", "yearly_next"})
KIND_OF_FIELD = {
    "text": "text",
    "choice": "text",
    "url": "text",
    "number": "number",
    "date": "day",
    "datetime": "moment",
    "boolean": "boolean",
    "multi": "multi",
}
BUILT_IN = {
    "address": "text",
    "domain": "domain",
    "language": "language",
    "created": "created",
    "provider": "provider",
    "source": "source",
    "import": "import",
    "form": "form",
    "tag": "tag",
    "topic": "topic",
    "consent": "consent",
    "score": "score",
    "suppressed": "suppressed",
    "segment": "segment",
}
DEEDS = ("sent", "delivered", "bounced", "opened", "clicked", "unsubscribed", "complained")
SOURCES = ("import", "form", "manual", "api")
CONSENT_SOURCES = ("import", "form", "manual", "api", "page")  # contacts.enums.ConsentSource; a test holds them
REASONS = ("unsubscribed", "complained", "invalid", "bounced", "manual", "imported", "erased", "house")
TIMES = ("ever", "within", "ago", "between")
MATCHES = ("all", "any", "none")


@dataclass(frozen=True, slots=True)
class When:
    """In which days something happened: ever, within the last `days`, more than `days` ago, between two days (both in)."""

    how: str = "ever"
    days: int = 0
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """How often, and in which campaigns: `campaign` (a public id), or the `latest` so many, or (neither) any."""

    times: int = 1
    campaign: str = ""
    latest: int = 0
    when: When = When()


@dataclass(frozen=True, slots=True)
class Consent:
    """To which topic ("": any), by which ways (none: any), and when."""

    topic: str = ""
    sources: tuple[str, ...] = ()
    when: When = When()


Value = str | tuple[str, ...] | Decimal | date | tuple[date, date] | int | Activity | Consent | None


@dataclass(frozen=True, slots=True)
class Condition:
    """`kind` decides the operators; `key` is the field's key, the deed of an activity, or ""."""

    about: str
    kind: str
    key: str
    op: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Group:
    match: Literal["all", "any", "none"]
    rules: tuple["Group | Condition", ...]


Rule = Group | Condition


def parse(definition: object, catalogue: Catalogue) -> Group:
    """The tree of a definition; segments in it stay names (see `nesting`). Raises BadDefinition."""
    budget = iter(range(MAX_RULES + 1))
    tree = _rule(definition, catalogue, (), 1, budget)
    if not isinstance(tree, Group):
        raise BadDefinition("A segment begins with a group: all of, any of, or none of, its rules.")
    return tree


def conditions(tree: Rule) -> Iterator[Condition]:
    """Every condition of a tree, from top to bottom."""
    for _, rule in walk(tree):
        if isinstance(rule, Condition):
            yield rule


def several(value: Value) -> tuple[str, ...]:
    """The words of a value that is a list of them."""
    return tuple(map(str, value)) if isinstance(value, tuple) else ()


def walk(tree: Rule, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Rule]]:
    """Every rule of a tree with its path, from top to bottom, the root first."""
    yield path, tree
    if isinstance(tree, Group):
        for i, rule in enumerate(tree.rules):
            yield from walk(rule, (*path, i))


def kind_of(about: str, catalogue: Catalogue) -> tuple[str, str]:
    """(kind, key) of what a condition is about; KeyError if there is no such thing."""
    if about in BUILT_IN:
        return BUILT_IN[about], ""
    prefix, _, key = about.partition(":")
    if prefix == "activity" and key in DEEDS:
        return "activity", key
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
    if match not in MATCHES:
        raise BadDefinition('A group matches "all", "any" or "none" of its rules.', path)
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
        name = about.removeprefix("field:")[:60]
        raise BadDefinition(f"There is no field {name!r}. Choose another, or remove this condition.", path) from None
    if op not in OPS[kind]:
        raise BadDefinition(
            f"{str(op)[:40]!r} cannot be asked of this{_since(kind, catalogue, key)}; it takes {', '.join(OPS[kind])}.",
            path,
        )
    try:
        return Condition(about, kind, key, op, None if op in NO_VALUE else _value(kind, op, node, catalogue))
    except BadDefinition as bad:
        raise BadDefinition(bad.why, path) from bad


def _since(kind: str, catalogue: Catalogue, key: str) -> str:
    return (
        f" (the field is of the kind “{catalogue.kinds[key]}”)" if key in catalogue.kinds and kind != "activity" else ""
    )


def _value(kind: str, op: str, node: Mapping[str, Any], catalogue: Catalogue) -> Value:
    raw = node.get("value")
    if kind in ("topic", "import", "form", "segment"):
        return reading.one_of(raw, getattr(catalogue, f"{kind}s"), kind)
    if kind == "tag":
        return reading.some_of(raw, catalogue.tags, "tag")
    if kind == "provider":
        return reading.one_of(raw, catalogue.providers, "provider")
    if kind == "source":
        return reading.one_of(raw, SOURCES, "way")
    if kind == "suppressed":
        return reading.some_of(raw, REASONS, "reason")
    if kind == "activity":
        return _activity(op, node, catalogue)
    if kind == "consent":
        topic = node.get("topic") or ""
        return Consent(
            topic=reading.one_of(topic, catalogue.topics, "topic") if topic else "",
            sources=reading.some_of(node["source"], CONSENT_SOURCES, "way") if node.get("source") else (),
            when=_when(node),
        )
    if kind == "score":
        return reading.whole(raw, 0, 100, "a score from 0 to 100")
    if op in DAYS_VALUE:
        return reading.days(raw)
    if kind == "number":
        return reading.number(raw)
    if kind in ("day", "moment", "created"):
        return reading.days_between(raw) if op == "between" else reading.day(raw)
    return reading.choices(raw) if op == "one_of" or kind == "multi" else reading.text(raw)


def _activity(op: str, node: Mapping[str, Any], catalogue: Catalogue) -> Activity:
    campaign, latest = node.get("campaign") or "", node.get("latest") or 0
    if campaign and latest:
        raise BadDefinition("Choose one campaign, or the last few, not both.")
    return Activity(
        times=0
        if op == "never"
        else reading.whole(node.get("times", 1), 0 if op != "at_least" else 1, 10_000, "how often"),
        campaign=reading.one_of(campaign, catalogue.campaigns, "campaign") if campaign else "",
        latest=reading.whole(latest, 1, 1_000, "how many campaigns") if latest else 0,
        when=_when(node),
    )


def _when(node: Mapping[str, Any]) -> When:
    how = node.get("when") or "ever"
    if how not in TIMES:
        raise BadDefinition(f"Choose when: {', '.join(TIMES)}.")
    if how == "ever":
        return When()
    if how == "between":
        first, last = reading.days_between([node.get("from"), node.get("to")])
        return When(how, first=first, last=last)
    return When(how, days=reading.days(node.get("days")))
