"""Footing: what one of our addresses has with one provider, over all of its sites there. An unknown site has one of its own.

Policy: whoever wants a connection or to send a message asks here first: connections at once, pace, what was learned, what was
decreed, the day's budget, holds. Where a provider counts connections over all of its sites, these share them: who gets none
stands in line, and who rests gives way.
"""

import weakref
from collections.abc import Callable, Iterator
from typing import Protocol

from sending.relay.budgets import Allowance, Limits
from sending.relay.ceilings import Ceiling
from sending.relay.pace import Gcra, Pace
from sending.relay.ports import Clock
from sending.relay.recovery import Standing
from sending.relay.routes import Route
from sending.relay.sites import Manners, Provider
from sending.relay.sources import ANY, Source

AHEAD = 5.0  # seconds: no more is claimed than may be sent in that time
READY_A_CONNECTION = 20
LEAST_READY = 50
MOST_KEPT = 20_000


class Guest(Protocol):
    """A site that wants connections."""

    def offered(self) -> None:
        """One is free now."""

    def spare(self) -> bool:
        """Hang up one that rests; False when there is none."""
        ...


class Member(Protocol):
    """A site of a footing."""

    def begin_again(self) -> None:
        """It is held: one connection goes ahead afterwards."""
        ...


class Slots:
    """Connections that may be open at once. `most` 0: without limit. Who gets none stands in line."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self.used = 0
        self._line: dict[Guest, None] = {}
        self._resting: dict[Guest, None] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for one."""
        return bool(self._line)

    def has_room(self, guest: Guest) -> bool:
        """Whether one more may be open; if not, the guest stands in line, and somebody who rests is asked to go."""
        most = self._most()
        if not most or self.used < most:
            return True
        self._line[guest] = None
        while self._resting:
            resting = next(iter(self._resting))
            if resting is not guest and resting.spare():
                break
            del self._resting[resting]
        return False

    def take(self, guest: Guest) -> None:
        self.used += 1
        self._line.pop(guest, None)

    def give_back(self) -> None:
        """One is closed: it is offered to those in line, one after the other."""
        self.used -= 1
        for _ in range(len(self._line)):
            most = self._most()
            if most and self.used >= most:
                break
            guest = next(iter(self._line), None)
            if guest is None:
                break
            del self._line[guest]
            guest.offered()

    def rests(self, guest: Guest) -> None:
        """It has an open connection and nothing to send."""
        if self._most():
            self._resting[guest] = None

    def leaves(self, guest: Guest) -> None:
        """It wants nothing any more."""
        self._line.pop(guest, None)
        self._resting.pop(guest, None)


class Footing:
    """`budget`: of the day, for an address of our own. `ready`: parcels that wait at its sites."""

    def __init__(self, provider: Provider, clock: Clock, *, source: Source = ANY, relays: int = 1) -> None:
        self.provider = provider
        self.source = source
        self._clock = clock
        self.standing = Standing(clock, provider.learning)
        self.connections = Ceiling(provider.learning.count_quiet)
        self.messages = Ceiling(provider.learning.count_quiet)
        self.budget: Limits | None = None
        self._ready = 0
        self.connected = 0  # connections that are open or being opened
        self._sites: list[weakref.ref[Member]] = []
        self.slots = Slots(self._most_together)
        self._ruled_connections = 0
        self._ruled_messages = 0
        self._adopt(self._part_of(relays))

    def join(self, site: Member) -> None:
        """A site of it has begun; it is told of holds as long as somebody else keeps it."""
        if len(self._sites) % 100 == 99:
            self._sites = [ref for ref in self._sites if ref() is not None]
        self._sites.append(weakref.ref(site))

    @property
    def sites(self) -> list[Member]:
        return [site for ref in self._sites if (site := ref()) is not None]

    def share(self, relays: int) -> None:
        """The number of relays has changed."""
        if (manners := self._part_of(relays)) != self.manners:
            self._adopt(manners)

    def _part_of(self, relays: int) -> Manners:
        return self.provider.manners.shared(relays if self.source.is_shared else 1)

    def _adopt(self, manners: Manners) -> None:
        self.manners = manners
        limits = []
        if manners.per_minute:
            limits.append(Gcra(manners.per_minute / 60))
        if manners.per_hour:
            limits.append(Gcra(manners.per_hour / 3600, max(1.0, manners.per_hour / 60)))
        self.pace = Pace(limits)
        begun = manners.new_per_minute
        most = max(manners.connections, manners.together)
        self.opening = Pace([Gcra(begun / 60, max(most, begun / 60))] if begun else [])

    def limit(self, *, connections: int = 0, messages: int = 0, per_minute: float = 0.0) -> None:
        """What was decreed: no more than that; 0: no such limit."""
        self._ruled_connections, self._ruled_messages = connections, messages
        self.standing.limit(per_minute)

    # Connections.

    def _most_together(self) -> int:
        limits = (self.manners.together, self._ruled_connections, self._learned_together())
        return min((limit for limit in limits if limit), default=0)

    def _learned_together(self) -> int:
        limit = self.manners.together or self.manners.connections
        return int(self.connections.settle(self._clock.monotonic(), limit=limit))

    @property
    def learns(self) -> bool:
        """Whether what is said of connections at one site is said of all: there is only one, or they are counted together."""
        return bool(self.manners.together) or not self.provider.is_known

    @property
    def most_messages(self) -> int:
        """In one connection."""
        limit = self.manners.messages
        learned = int(self.messages.settle(self._clock.monotonic(), limit=limit))
        return min(one for one in (limit, learned, self._ruled_messages) if one)

    # Messages.

    @property
    def is_paced(self) -> bool:
        return self.pace.is_limited or self.standing.is_paced or bool(self.budget)

    def wait(self, now: float) -> float:
        """Seconds until the next message may go; infinite while the day's budget is used up."""
        budget = self.budget.wait(now) if self.budget is not None else 0.0
        return max(self.pace.wait(now), self.standing.wait(now), budget)

    def take(self, now: float) -> None:
        """One goes."""
        self.pace.take(now)
        self.standing.take(now)
        if self.budget is not None:
            self.budget.take(now)

    def give_back(self) -> None:
        """It did not go after all."""
        self.pace.give_back()
        self.standing.give_back()
        if self.budget is not None:
            self.budget.give_back()

    def allows(self, now: float) -> int:
        """How many may be sent in the next seconds: no more than that is worth being claimed."""
        allowed = min(self.pace.allows(now, AHEAD), self.standing.allows(now, AHEAD))
        return allowed if self.budget is None else min(allowed, self.budget.allows(now, AHEAD))

    @property
    def ready(self) -> int:
        return self._ready

    @ready.setter
    def ready(self, count: int) -> None:
        if self.budget is not None:
            self.budget.hold(count - self._ready)
        self._ready = count

    def rooms_of_budget(self, now: float) -> Iterator[tuple[Allowance, int]]:
        """How many more may be claimed by each of the budgets, which other footings may share."""
        return self.budget.rooms(now, AHEAD) if self.budget is not None else iter(())

    @property
    def is_above_budget(self) -> bool:
        """Whether nothing more may be claimed now because of the day's budget, or of how it is spread over the day."""
        return any(room <= 0 for _, room in self.rooms_of_budget(self._clock.monotonic()))

    @property
    def room(self) -> int:
        """How many more may be claimed for all of its sites."""
        now = self._clock.monotonic()
        if self.standing.is_held(now):
            return 0
        most = self.allows(now)
        if self.standing.is_probing:
            most = min(most, 1)
        if together := self._most_together():
            most = min(most, max(LEAST_READY, together * READY_A_CONNECTION))
        most -= self.ready
        return max(0, min([most, *(room for _, room in self.rooms_of_budget(now))]))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing would be lost if it were forgotten."""
        standing, now = self.standing, self._clock.monotonic()
        return (
            not self.slots.used
            and not self.ready
            and not standing.failures
            and not standing.is_held(now)
            and not (self.connections.value or self.messages.value or standing.learned.value)
        )


class Footings:
    """All that this relay has now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._footings: dict[tuple[Source, str | Route], Footing] = {}

    def __iter__(self) -> Iterator[Footing]:
        return iter(list(self._footings.values()))

    def of(self, provider: Provider, route: Route, *, source: Source, relays: int) -> Footing:
        """The one with this provider; with an unknown one, that with the site, and with an ESP that with the account."""
        key = (source, provider.name if provider.is_known and not route.account else route)
        footing = self._footings.get(key)
        if footing is None:
            self.forget_quiet()
            footing = self._footings[key] = Footing(provider, self._clock, source=source, relays=relays)
        return footing

    def share(self, relays: int) -> None:
        """The number of relays has changed."""
        for footing in self._footings.values():
            footing.share(relays)

    def forget_quiet(self) -> None:
        """Keep the memory bounded."""
        if len(self._footings) > MOST_KEPT:
            self._footings = {
                key: one for key, one in self._footings.items() if one.provider.is_known or not one.is_quiet
            }
