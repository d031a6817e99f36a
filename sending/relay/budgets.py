"""Budgets: how much one address may send to one provider in a day (of UTC), counted and spread over the day.

Policy: the pause between two messages is what is left of the day, divided by what is left of the budget, by GCRA with a burst
of one; but never longer than SLOWEST, so that a small budget can be used up, and never shorter than if the whole day's budget
were sent in a QUICKEST-th of a day, so that a late one is not spent at once. Tries count, whatever comes of them.
Trap: rows say what had left when they were read; what has been taken since is counted here. The larger number is right,
because an address belongs to one relay at a time.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sending.relay.ports import Clock

DAY = 86_400.0
EVERYWHERE = ""  # the provider of what is for all of them together
SPREAD = 0.9  # of the rest of the day: at its very end nothing should be left
SLOWEST = 300.0  # seconds
QUICKEST = 6


@dataclass(frozen=True, slots=True)
class Budget:
    """A row of them: tries a day and, unless 0, within an hour; of this `day` (days since 1970) `used` by now."""

    source_id: int
    provider: str
    messages: int
    an_hour: int
    day: int
    used: int


class Allowance:
    """One budget at work. Pauses are in monotonic seconds, days by the wall's clock."""

    __slots__ = ("_clock", "_day", "_next", "_pause", "an_hour", "messages", "ready", "used")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day = 0
        self._next = -math.inf
        self._pause = 0.0
        self.messages = 0
        self.an_hour = 0
        self.used = 0
        self.ready = 0  # parcels that are claimed and wait for it, at all sites together

    def learn(self, row: Budget) -> None:
        """What the rows say now."""
        self.messages, self.an_hour = row.messages, row.an_hour
        if row.day > self._day:
            self._day, self.used = row.day, row.used
        elif row.day == self._day:
            self.used = max(self.used, row.used)

    @property
    def left(self) -> int:
        """Of today."""
        today = int(self._clock.wall() // DAY)
        if today > self._day:
            self._day, self.used = today, 0
        return max(0, self.messages - self.used)

    def pause(self) -> float:
        """Seconds between two messages from now on."""
        rest = DAY - self._clock.wall() % DAY
        pause = max(rest * SPREAD / max(1, self.left), DAY / (QUICKEST * self.messages))
        return max(min(SLOWEST, pause), 3600 / self.an_hour if self.an_hour else 0.0)

    def wait(self, now: float) -> float:
        """Seconds until the next message may go; infinite when today's are all gone."""
        return max(0.0, self._next - now) if self.left else math.inf

    def take(self, now: float) -> None:
        self.used += 1
        self._pause = self.pause()
        self._next = max(self._next, now) + self._pause

    def give_back(self) -> None:
        """One that was taken did not go after all."""
        self.used = max(0, self.used - 1)
        self._next -= self._pause

    def allows(self, now: float, seconds: float) -> int:
        """How many may go until then."""
        wait = self.wait(now)
        return min(self.left, math.floor((seconds - wait) / self.pause()) + 1) if wait <= seconds else 0


class Budgets:
    """All that are in force. Without a row there is no limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[tuple[int, str], Allowance] = {}

    def learn(self, rows: Iterable[Budget]) -> None:
        """From now on these, and no others."""
        before, self._of = self._of, {}
        for row in rows:
            key = (row.source_id, row.provider)
            allowance = self._of[key] = before.get(key) or Allowance(self._clock)
            allowance.learn(row)

    def of(self, source_id: int, provider: str) -> "Limits":
        """What is to be asked for mail from there to there."""
        return Limits(self, source_id, provider)

    def matching(self, source_id: int, provider: str) -> Iterator[Allowance]:
        """The address's as a whole, and the provider's."""
        of = self._of.get
        if (whole := of((source_id, EVERYWHERE))) is not None:
            yield whole
        if (own := of((source_id, provider))) is not None:
            yield own


class Limits:
    """The budgets of one address at one provider, as they are at each moment."""

    __slots__ = ("_budgets", "_provider", "_source_id")

    def __init__(self, budgets: Budgets, source_id: int, provider: str) -> None:
        self._budgets = budgets
        self._source_id = source_id
        self._provider = provider

    def _all(self) -> Iterator[Allowance]:
        return self._budgets.matching(self._source_id, self._provider)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(True for _ in self._all())

    @property
    def left(self) -> int | None:
        """Messages of today; None: as many as one likes."""
        return min((each.left for each in self._all()), default=None)

    def wait(self, now: float) -> float:
        return max((each.wait(now) for each in self._all()), default=0.0)

    def take(self, now: float) -> None:
        for each in self._all():
            each.take(now)

    def give_back(self) -> None:
        for each in self._all():
            each.give_back()

    def allows(self, now: float, seconds: float) -> int:
        return min((each.allows(now, seconds) for each in self._all()), default=1_000_000)

    def hold(self, parcels: int) -> None:
        """So many more are claimed and wait for it; less than none: so many fewer."""
        for each in self._all():
            each.ready = max(0, each.ready + parcels)

    def rooms(self, now: float, seconds: float) -> Iterator[tuple[Allowance, int]]:
        """How many more may be claimed, by each of them."""
        return ((each, each.allows(now, seconds) - each.ready) for each in self._all())
