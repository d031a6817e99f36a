"""The circuit breaker: tells a wave of identical refusals (a provider's mistake) from a list with dead addresses in it.

Policy: when most of what is tried somewhere within a short time comes back with the very same words, it says more about
the place than about the people; then nobody is given up before a person has looked. Dead addresses among living ones never
are most.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass

MOST_PLACES = 2_000


@dataclass(frozen=True, slots=True)
class Limits:
    """A wave: at least `least` identical refusals within `seconds`, and they are at least `share` of the tries there."""

    least: int = 25
    seconds: float = 600.0
    share: float = 0.5


class Breaker:
    """Counts tries and refusals by place. Bounded: the place that was quiet longest is forgotten first."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def tried(self, place: str, *, now: float) -> None:
        """A message was tried there, whatever came of it."""
        self._place(place).tries.add(now)

    def refused(self, place: str, likeness: str, *, now: float) -> bool:
        """A refusal for which its recipient would be given up (it was `tried` before). True: it is part of a wave."""
        here = self._place(place)
        count = here.refusals.get(likeness)
        if count is None:
            if len(here.refusals) >= 50:
                here.refusals.popitem(last=False)
            count = here.refusals[likeness] = _Window(self.limits.seconds)
        here.refusals.move_to_end(likeness)
        count.add(now)
        refused, tries = count.sum(now), here.tries.sum(now)
        return refused >= self.limits.least and refused >= self.limits.share * max(tries, refused)

    def _place(self, name: str) -> "_Place":
        place = self._places.get(name)
        if place is None:
            if len(self._places) >= MOST_PLACES:
                self._places.popitem(last=False)
            place = self._places[name] = _Place(_Window(self.limits.seconds), OrderedDict())
        self._places.move_to_end(name)
        return place


@dataclass(slots=True)
class _Place:
    tries: "_Window"
    refusals: "OrderedDict[str, _Window]"


class _Window:
    """A count over the last so many seconds, in twenty steps: its memory does not grow with what it counts."""

    __slots__ = ("_span", "_step", "_steps", "_total")

    def __init__(self, seconds: float) -> None:
        self._span = seconds
        self._step = seconds / 20
        self._steps: deque[list[float]] = deque()  # [beginning, count]
        self._total = 0.0

    def add(self, now: float) -> None:
        self.sum(now)
        if not self._steps or now - self._steps[-1][0] >= self._step:
            self._steps.append([now, 0.0])
        self._steps[-1][1] += 1
        self._total += 1

    def sum(self, now: float) -> float:
        while self._steps and now - self._steps[0][0] > self._span:
            self._total -= self._steps.popleft()[1]
        return self._total
