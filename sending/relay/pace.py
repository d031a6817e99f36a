"""Pace: how many may go when, by the Generic Cell Rate Algorithm (ITU-T I.371, "virtual scheduling"), and how many went.

Policy: never more than the burst and the rate times the time, over any stretch of time. Who has to wait is told how long, and
does something else meanwhile. Times are monotonic seconds.
"""

import math
from collections.abc import Iterable

BURST_SECONDS = 2.0  # what was not used before may be made up for, as far as that


class Gcra:
    """One limit: `per_second` on average, `burst` (1 or more) at one moment."""

    __slots__ = ("_interval", "_next", "_tolerance")

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        self._next = -math.inf  # the theoretical arrival time of the next one
        self.set(per_second, burst)

    @property
    def per_second(self) -> float:
        return 1 / self._interval

    def set(self, per_second: float, burst: float | None = None) -> None:
        """Another limit from now on. ValueError when it is none."""
        if not 0 < per_second < math.inf:
            raise ValueError(f"no such pace: {per_second}")
        self._interval = 1 / per_second
        self._tolerance = (max(1.0, per_second * BURST_SECONDS if burst is None else burst) - 1) * self._interval

    def wait(self, now: float) -> float:
        """Seconds until the next one may go; 0: it may."""
        return max(0.0, self._next - self._tolerance - now)

    def take(self, now: float) -> None:
        """One goes."""
        self._next = max(self._next, now) + self._interval

    def give_back(self) -> None:
        """One that was taken did not go after all."""
        self._next -= self._interval

    def allows(self, now: float, seconds: float) -> int:
        """How many may go from now until then."""
        return max(0, math.floor((now + seconds + self._tolerance - max(self._next, now)) / self._interval + 1e-9) + 1)


class Pace:
    """Several limits at once; no limits, no waiting."""

    __slots__ = ("_limits",)

    def __init__(self, limits: Iterable[Gcra] = ()) -> None:
        self._limits = tuple(limits)

    @property
    def per_second(self) -> float:
        return min((limit.per_second for limit in self._limits), default=math.inf)

    @property
    def is_limited(self) -> bool:
        return bool(self._limits)

    def wait(self, now: float) -> float:
        return max(limit.wait(now) for limit in self._limits) if self._limits else 0.0

    def take(self, now: float) -> None:
        for limit in self._limits:
            limit.take(now)

    def give_back(self) -> None:
        for limit in self._limits:
            limit.give_back()

    def allows(self, now: float, seconds: float) -> int:
        return min((limit.allows(now, seconds) for limit in self._limits), default=1_000_000)


class Meter:
    """How much went through lately: over `span` seconds, in steps, so that its memory does not grow with what it counts."""

    __slots__ = ("_span", "_step", "_steps", "total")

    def __init__(self, span: float = 60.0, steps: int = 20) -> None:
        self._span = span
        self._step = span / steps
        self._steps: list[list[float]] = []  # [beginning, count]; an empty deque would be ten times as big
        self.total = 0.0

    def add(self, now: float, count: float = 1.0) -> None:
        steps = self._steps
        if not steps or now - steps[-1][0] >= self._step:
            self._forget(now)
            steps.append([now, 0.0])
        steps[-1][1] += count
        self.total += count

    def count(self, now: float) -> float:
        self._forget(now)
        return self.total

    def rate(self, now: float, *, least: float = 5.0) -> float:
        """A second, over the time since the first that is remembered, but at least over `least` seconds."""
        count = self.count(now)
        return count / max(least, now - self._steps[0][0]) if self._steps else 0.0

    def clear(self) -> None:
        self._steps.clear()
        self.total = 0.0

    def _forget(self, now: float) -> None:
        steps = self._steps
        while steps and now - steps[0][0] > self._span:
            self.total -= steps.pop(0)[1]
