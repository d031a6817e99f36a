"""From a segment's tree to a SQL condition about the contact `c`, with every value a parameter.

Dates are kept as ISO text in contacts_contact.values and compared as such (COLLATE "C"), which cannot fail on a value
and sorts as dates do. "Within the last 7 days" means today and the seven days before it, in the organization's zone.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import idna

from contacts.segments.tree import Condition, Rule

SUBSCRIBED, UNSUBSCRIBED = 1, 3  # contacts.enums.SubscriptionState, which an engine cannot import; a test holds them


@dataclass(frozen=True, slots=True)
class Clock:
    """What "today" is."""

    today: date
    zone: ZoneInfo

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.zone)


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with %s places, and what goes into them."""

    text: str
    params: tuple[Any, ...] = ()


TRUE = Sql("TRUE")


def compile_tree(tree: Rule, clock: Clock) -> Sql:
    """A boolean expression, never NULL, for a FROM that calls contacts_contact `c`."""
    if isinstance(tree, Condition):
        return _condition(tree, clock)
    parts = [compile_tree(rule, clock) for rule in tree.rules]
    if not parts:
        return TRUE
    if len(parts) == 1:
        return parts[0]
    word = " AND " if tree.match == "all" else " OR "
    return Sql(
        "(" + word.join(part.text for part in parts) + ")", tuple(param for part in parts for param in part.params)
    )


def _condition(condition: Condition, clock: Clock) -> Sql:
    match condition.kind:
        case "text":
            if condition.about == "address":
                return _text(condition, Sql("c.address_key"))
            return _text(condition, Sql('c."values" ->> %s', (condition.key,)))
        case "domain":
            return _text(_in_a_labels(condition), Sql("c.domain"))
        case "language":
            return _language(condition)
        case "number":
            return _number(condition)
        case "boolean":
            return _boolean(condition)
        case "day":
            return _day(condition, clock)
        case "moment":
            return _moment(condition, clock)
        case "created":
            return _created(condition, clock)
        case "topic":
            return _topic(condition)
    raise AssertionError(condition.kind)


def _text(condition: Condition, of: Sql) -> Sql:
    have, params, value = f"lower(coalesce({of.text}, ''))", of.params, condition.value
    match condition.op:
        case "empty":
            return Sql(f"coalesce({of.text}, '') = ''", params)
        case "not_empty":
            return Sql(f"coalesce({of.text}, '') <> ''", params)
        case "is":
            return Sql(f"{have} = lower(%s)", (*params, value))
        case "is_not":
            return Sql(f"{have} <> lower(%s)", (*params, value))
        case "contains":
            return Sql(f"strpos({have}, lower(%s)) > 0", (*params, value))
        case "not_contains":
            return Sql(f"strpos({have}, lower(%s)) = 0", (*params, value))
        case "starts":
            return Sql(f"starts_with({have}, lower(%s))", (*params, value))
        case "one_of" if isinstance(value, tuple):
            return Sql(f"{have} IN ({', '.join(['lower(%s)'] * len(value))})", (*params, *value))
    raise AssertionError(condition.op)


def _in_a_labels(condition: Condition) -> Condition:
    """Domains are kept as A-labels; people write münchen.example."""

    def encoded(domain: str) -> str:
        try:
            return idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return domain

    match condition.value:
        case str(domain) if condition.op in ("is", "is_not"):
            return replace(condition, value=encoded(domain))
        case tuple(domains):
            return replace(condition, value=tuple(map(encoded, domains)))
    return condition


def _language(condition: Condition) -> Sql:
    """ "pt" is said of pt and of pt-BR; "pt-BR" of pt-BR only."""
    have = "lower(replace(c.locale, '_', '-'))"

    def speaks(language: str) -> Sql:
        language = language.replace("_", "-")
        return Sql(f"({have} = lower(%s) OR starts_with({have}, lower(%s)))", (language, f"{language}-"))

    match condition.op:
        case "empty":
            return Sql("c.locale = ''")
        case "not_empty":
            return Sql("c.locale <> ''")
    values = condition.value if isinstance(condition.value, tuple) else (str(condition.value),)
    parts = [speaks(value) for value in values]
    said = Sql(
        "(" + " OR ".join(part.text for part in parts) + ")", tuple(param for part in parts for param in part.params)
    )
    return Sql(f"NOT {said.text}", said.params) if condition.op == "is_not" else said


_COMPARE = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _number(condition: Condition) -> Sql:
    key = condition.key
    is_number = "coalesce(jsonb_typeof(c.\"values\" -> %s), '') = 'number'"
    match condition.op:
        case "not_empty":
            return Sql(is_number, (key,))
        case "empty":
            return Sql(f"NOT {is_number}", (key,))
        case "ne":
            return Sql(
                f'CASE WHEN {is_number} THEN (c."values" ->> %s)::numeric <> %s ELSE TRUE END',
                (key, key, condition.value),
            )
    return Sql(
        f'CASE WHEN {is_number} THEN (c."values" ->> %s)::numeric {_COMPARE[condition.op]} %s ELSE FALSE END',
        (key, key, condition.value),
    )


def _boolean(condition: Condition) -> Sql:
    have = "coalesce(c.\"values\" ->> %s, '')"
    match condition.op:
        case "yes":
            return Sql(f"{have} = 'true'", (condition.key,))
        case "no":
            return Sql(f"{have} = 'false'", (condition.key,))
        case "not_empty":
            return Sql(f"{have} IN ('true', 'false')", (condition.key,))
    return Sql(f"{have} NOT IN ('true', 'false')", (condition.key,))


def _day(condition: Condition, clock: Clock) -> Sql:
    have = 'coalesce(c."values" ->> %s, \'\') COLLATE "C"'
    return _between(condition, clock, have, (condition.key,), date.isoformat)


def _moment(condition: Condition, clock: Clock) -> Sql:
    """Kept as 2026-11-22T08:30:00Z, so the bounds are the days' beginnings in UTC, spelled in the same way."""
    have = 'coalesce(c."values" ->> %s, \'\') COLLATE "C"'

    def spelled(day: date) -> str:
        return clock.start_of(day).astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")

    return _between(condition, clock, have, (condition.key,), spelled)


def _created(condition: Condition, clock: Clock) -> Sql:
    return _between(condition, clock, "c.created_at", (), clock.start_of)


def _between(condition: Condition, clock: Clock, have: str, params: tuple[Any, ...], spelled: Any) -> Sql:
    """Comparisons by half-open intervals of days; somebody without a value is in none of them."""
    present = f"{have} <> ''" if params else "TRUE"
    match condition.op:
        case "empty":
            return Sql(f"{have} = ''", params)
        case "not_empty":
            return Sql(present, params)
        case "before":
            return Sql(f"({present} AND {have} < %s)", (*params, *params, spelled(condition.value)))
        case "after":
            return Sql(f"{have} >= %s", (*params, spelled(_next(condition.value))))
    if condition.op == "on" and isinstance(condition.value, date):
        first, end = condition.value, _next(condition.value)
    else:
        first, end = clock.today - timedelta(days=int(condition.value)), _next(clock.today)  # type: ignore[arg-type]
    inside = Sql(f"({have} >= %s AND {have} < %s)", (*params, spelled(first), *params, spelled(end)))
    return Sql(f"NOT {inside.text}", inside.params) if condition.op == "not_within" else inside


def _next(day: Any) -> date:
    return day + timedelta(days=1)  # tree.MAX_YEAR keeps it from running over


def _topic(condition: Condition) -> Sql:
    state = UNSUBSCRIBED if condition.op == "unsubscribed" else SUBSCRIBED
    negation = "NOT " if condition.op == "not_subscribed" else ""
    return Sql(
        f"{negation}EXISTS (SELECT 1 FROM contacts_subscription cs WHERE cs.contact_id = c.id AND cs.state = %s"
        " AND cs.topic_id = (SELECT ct.id FROM contacts_topic ct WHERE ct.public_id = %s))",
        (state, condition.value),
    )
