"""A plain reading of segments over plain people: what the SQL is held against. Written from tree.py's words alone."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from contacts.segments.tree import Condition, Rule


@dataclass
class Person:
    address: str
    domain: str
    locale: str = ""
    values: dict = field(default_factory=dict)
    created_at: datetime | None = None
    topics: dict = field(default_factory=dict)  # public id -> state


def fits(rule: Rule, person: Person, today: date, zone: ZoneInfo) -> bool:
    if isinstance(rule, Condition):
        return _condition(rule, person, today, zone)
    answers = [fits(one, person, today, zone) for one in rule.rules]
    return all(answers) if rule.match == "all" or not answers else any(answers)


def _condition(c: Condition, person: Person, today: date, zone: ZoneInfo) -> bool:
    if c.kind == "topic":
        state = person.topics.get(c.value)
        return {"subscribed": state == 1, "not_subscribed": state != 1, "unsubscribed": state == 3}[c.op]
    have = {
        "address": person.address,
        "domain": person.domain,
        "language": person.locale,
        "created": person.created_at,
    }.get(c.about, person.values.get(c.key))
    if c.kind in ("text", "domain"):
        return _text(c, have or "")
    if c.kind == "language":
        return _language(c, have)
    if c.kind == "number":
        return _number(c, have)
    if c.kind == "boolean":
        return {"yes": have is True, "no": have is False, "empty": have is None, "not_empty": have is not None}[c.op]
    if c.kind == "moment" and have:
        have = datetime.fromisoformat(have).astimezone(zone).date()
    if c.kind == "created":
        have = have.astimezone(zone).date()
    if c.kind == "day" and have:
        have = date.fromisoformat(have)
    return _day(c, have, today)


def _text(c: Condition, have: str) -> bool:
    have = have.lower()
    if c.op in ("empty", "not_empty"):
        return (have == "") == (c.op == "empty")
    if c.op == "one_of":
        return have in [one.lower() for one in c.value]
    want = c.value.lower()
    return {
        "is": have == want,
        "is_not": have != want,
        "contains": want in have,
        "not_contains": want not in have,
        "starts": have.startswith(want),
    }[c.op]


def _language(c: Condition, have: str) -> bool:
    have = have.lower().replace("_", "-")

    def speaks(want: str) -> bool:
        want = want.lower().replace("_", "-")
        return have == want or have.startswith(want + "-")

    if c.op in ("empty", "not_empty"):
        return (have == "") == (c.op == "empty")
    said = any(map(speaks, c.value)) if c.op == "one_of" else speaks(c.value)
    return not said if c.op == "is_not" else said


def _number(c: Condition, have) -> bool:
    if c.op in ("empty", "not_empty"):
        return (have is None) == (c.op == "empty")
    if have is None:
        return c.op == "ne"
    have, want = Decimal(str(have)), c.value
    return {
        "eq": have == want,
        "ne": have != want,
        "lt": have < want,
        "le": have <= want,
        "gt": have > want,
        "ge": have >= want,
    }[c.op]


def _day(c: Condition, have: date | None, today: date) -> bool:
    if c.op in ("empty", "not_empty"):
        return (have is None) == (c.op == "empty")
    if c.op in ("within", "not_within"):
        inside = have is not None and today - timedelta(days=c.value) <= have <= today
        return inside == (c.op == "within")
    if have is None:
        return False
    return {"on": have == c.value, "before": have < c.value, "after": have > c.value}[c.op]
