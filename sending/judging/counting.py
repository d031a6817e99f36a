"""When failures add up: an address that fails again and again is given up, by the rules that its class of trouble states.

Policy: only what says something of the recipient is counted, and only since the last message that arrived: a mailbox that
took mail lives. One message counts once, however often it was tried.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sending.judging.book import Category, shipped

EXPIRED = "expired"
LONGEST = 90  # days that any rule looks back


@dataclass(frozen=True, slots=True)
class Failure:
    """One message that did not arrive: when that was settled, why, and whether it was given up rather than refused."""

    at: datetime
    category: str
    expired: bool = False


def counted_classes() -> tuple[str, ...]:
    """The classes whose refusals are counted."""
    return tuple(name for name, category in shipped().categories.items() if category.counting is not None)


def expiring_classes() -> tuple[str, ...]:
    """The classes that count when a message was given up for them."""
    return tuple(name for name, category in shipped().categories.items() if category.on_expiry)


def due(failures: Iterable[Failure], *, now: datetime, arrived: datetime | None = None) -> Category | None:
    """The class by whose rule an address has failed often enough; None while none of them is fulfilled."""
    since = [one for one in failures if arrived is None or one.at > arrived]
    categories = shipped().categories
    for name, category in categories.items():
        if category.counting is None:
            continue
        if name == EXPIRED:
            own = [one for one in since if one.expired and _counts(categories.get(one.category))]
        else:
            own = [one for one in since if one.category == name]
        if _adds_up(category, own, now):
            return category
    return None


def _counts(category: Category | None) -> bool:
    return category is not None and category.on_expiry


def _adds_up(category: Category, failures: list[Failure], now: datetime) -> bool:
    rule = category.counting
    assert rule is not None
    recent = sorted(one.at for one in failures if now - timedelta(days=rule.days) <= one.at <= now)
    return (
        len(recent) >= rule.after
        and len({at.date() for at in recent}) >= rule.on_days
        and recent[-1] - recent[0] >= timedelta(days=rule.over_days)
    )
