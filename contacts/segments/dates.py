"""Conditions about dates as SQL: calendar days, days counted from today, and anniversaries.

Comparisons are by half-open intervals of days; somebody without a date is in none of them. Anniversaries compare month
and day; who was born on 29 February is congratulated on the 28th in other years.
"""

from calendar import isleap
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contacts.segments.clock import Clock, day_after
from contacts.segments.sql import Sql
from contacts.segments.tree import YEARLY_OPS, Condition

_VALUE = "coalesce(c.\"values\" ->> %s, '')"


def condition(condition: Condition, clock: Clock) -> Sql:
    match condition.kind:
        case "created":
            if condition.op in YEARLY_OPS:
                return _yearly(condition, clock, "to_char(c.created_at AT TIME ZONE %s, 'MM-DD')", (str(clock.zone),))
            return _between(condition, clock, "c.created_at", (), clock.start_of)
        case "day":
            if condition.op in YEARLY_OPS:
                return _yearly(condition, clock, f"substr({_VALUE}, 6, 5)", (condition.key,))
            return _between(condition, clock, f'{_VALUE} COLLATE "C"', (condition.key,), date.isoformat)

    def spelled(day: date) -> str:
        """A moment is kept as 2026-11-22T08:30:00Z: the bounds are the days' beginnings in UTC, spelled in the same way."""
        return clock.start_of(day).astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")

    return _between(condition, clock, f'{_VALUE} COLLATE "C"', (condition.key,), spelled)


def _between(
    condition: Condition, clock: Clock, have: str, params: tuple[Any, ...], spelled: Callable[[date], Any]
) -> Sql:
    present = f"{have} <> ''" if params else "TRUE"
    match condition.op:
        case "empty":
            return Sql(f"{have} = ''", params)
        case "not_empty":
            return Sql(present, params)
    first, end = interval(condition, clock.today)
    parts, values = [], []
    if first is not None:
        parts.append(f"{have} >= %s")
        values += [*params, spelled(first)]
    else:
        parts.append(present)
        values += params
    if end is not None:
        parts.append(f"{have} < %s")
        values += [*params, spelled(end)]
    inside = Sql(f"({' AND '.join(parts)})", tuple(values))
    return Sql(f"NOT {inside.text}", inside.params) if condition.op == "not_within" else inside


def interval(condition: Condition, today: date) -> tuple[date | None, date | None]:
    """The first day, and the day after the last; None where there is no bound."""
    value: Any = condition.value
    match condition.op:
        case "on":
            return value, day_after(value)
        case "before":
            return None, value
        case "after":
            return day_after(value), None
        case "between":
            return value[0], day_after(value[1])
        case "within" | "not_within":
            return today - timedelta(days=value), day_after(today)
        case "ago":
            return None, today - timedelta(days=value)
        case "next":
            return today, day_after(today + timedelta(days=value))
        case "past":
            return None, today
        case "future":
            return day_after(today), None
    raise AssertionError(condition.op)


def _yearly(condition: Condition, clock: Clock, have: str, params: tuple[Any, ...]) -> Sql:
    days = condition.value if condition.op == "yearly_next" and isinstance(condition.value, int) else 0
    return Sql(f"{have} = ANY(%s)", (*params, anniversaries(clock.today, days)))


def anniversaries(today: date, days: int) -> list[str]:
    """The months and days ("02-28") of today and the next `days` days."""
    found: dict[str, None] = {}
    for ahead in range(min(days, 366) + 1):
        day = today + timedelta(days=ahead)
        found[day.strftime("%m-%d")] = None
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            found["02-29"] = None
    return list(found)
