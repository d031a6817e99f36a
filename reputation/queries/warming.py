"""What the warm-up of its addresses means for a send: its parts by mailbox provider, for a forecast.

An organization learns budgets and paces this way, and no address (migration 0006). Call inside of its scope.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from reputation.enums import WarmupState
from reputation.warming import schedules
from reputation.warming.forecast import MOST_DAYS, Part
from reputation.warming.schedules import EVERYWHERE, Schedule
from sending.models import Stream

ALL = "all providers"  # of a budget that is for all of them together


@dataclass(frozen=True, slots=True)
class Load:
    """What a send brings to a provider: `people`, and the pace a second that is guessed for it."""

    provider: str
    people: int
    a_second: float


@dataclass(frozen=True, slots=True)
class Limit:
    """One budget of one address: of a day, what is left of today, and the days that follow if all goes well."""

    budget: int
    left: int
    growing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the pool that carries a stream's mail. `of`: by provider, for each address that has one; `addresses`: how many there are.

    `is_shared`: the pool is the house's. `overflows`: what is above goes by shared addresses.
    """

    addresses: int
    of: Mapping[str, tuple[Limit, ...]]
    is_shared: bool = True
    overflows: bool = False

    def at(self, provider: str) -> tuple[Limit, ...]:
        """What keeps mail to a provider; () when any address may send as much as it likes."""
        found = self.of.get(provider, ())
        return found if self.addresses and len(found) >= self.addresses and not self.overflows else ()

    @property
    def is_warming(self) -> bool:
        return bool(self.of)

    @property
    def together(self) -> bool:
        """Whether its budgets are for all providers together."""
        return bool(self.at(EVERYWHERE))


def limits(stream: Stream | None) -> Limits:
    """What the addresses that carry a stream's mail may send."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM warming.budgets(%s)", [stream.pool_id if stream is not None else None])
        rows = cursor.fetchall()
    of: dict[str, list[Limit]] = {}
    for _, _, provider, messages, used, schedule, growth, volume, state in rows:
        if provider is not None:
            of.setdefault(provider, []).append(
                Limit(messages, max(0, messages - used), _growing(messages, schedule, growth, volume, state))
            )
    is_shared = all(row[1] for row in rows)
    return Limits(
        addresses=len({row[0] for row in rows}),
        of={provider: tuple(found) for provider, found in of.items()},
        is_shared=is_shared,
        overflows=bool(stream is not None and stream.overflow and not is_shared),
    )


def is_warming(stream: Stream | None) -> bool:
    """Whether any address that carries a stream's mail has a budget."""
    return limits(stream).is_warming


def _growing(budget: int, schedule: str | None, growth: float, volume: int, state: str | None) -> tuple[int, ...]:
    """The budgets of the days after today, if all goes well; a plan that does not run stays where it is."""
    if schedule is None or state != WarmupState.RUNNING:
        return (budget,)
    plan: Schedule = (
        schedules.table(volume=volume) if schedule == "table" else schedules.house(volume=volume, growth=growth)
    )
    found = [plan.after(budget)]
    while found[-1] < plan.last and len(found) < MOST_DAYS:
        found.append(plan.after(found[-1]))
    return tuple(found)


def parts(loads: Iterable[Load], of: Limits, *, paces: Mapping[str, float] | None = None) -> list[Part]:
    """The parts of a send. `paces`: messages a second that providers took lately."""
    paces = paces or {}
    loads = [load for load in loads if load.people]
    made = []
    for load in loads:
        seen = paces.get(load.provider, 0.0)
        a_second, is_measured = max(seen, load.a_second), seen >= load.a_second / 2
        made.append(_limited(load.provider, load.people, a_second, of.at(load.provider), is_measured))
    if of.together:
        people, quickest = sum(load.people for load in loads), sum(part.a_second for part in made)
        made.append(_limited(ALL, people, max(quickest, 0.001), of.of[EVERYWHERE], False))
    return made


def _limited(provider: str, people: int, a_second: float, found: tuple[Limit, ...], is_measured: bool) -> Part:
    if not found:
        return Part(provider, people, a_second, is_measured)
    days = max(len(limit.growing) for limit in found)
    return Part(
        provider,
        people,
        a_second,
        is_measured,
        today=sum(limit.left for limit in found),
        growing=[sum(limit.growing[min(day, len(limit.growing) - 1)] for limit in found) for day in range(days)],
        steady=[sum(limit.budget for limit in found)],
    )


def paces() -> dict[str, float]:
    """Messages a second that each provider took from us in its best hour of the last week."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT provider, an_hour FROM warming.paces()")
        return {provider: an_hour / 3600 for provider, an_hour in cursor.fetchall()}
