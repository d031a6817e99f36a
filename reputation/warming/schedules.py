"""Schedules: how much a new address sends on each day of its warm-up, if every day goes well.

Two to choose from. `house`: for each mailbox provider apart, START messages on the first day and GROWTH times as many on
each further one, up to the volume that is wanted. `table`: SendGrid's published table of messages an hour for an address
as a whole (docs.sendgrid.com, "Warming up an IP address"; 20 an hour on day 0, 1.4 times as many each day, 42 days).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

EVERYWHERE = ""  # the provider of a budget that is for all providers together

START, GROWTH, VOLUME = 50, 1.35, 100_000
MOST_VOLUME = 20_000_000
HOURLY: tuple[int, ...] = (
    *(20, 28, 39, 55, 77, 108, 151, 211, 295, 413, 579, 810, 1_000, 1_587, 2_222, 3_111, 4_356, 6_098),
    *(8_583, 11_953, 16_734, 23_427, 32_798, 45_917, 64_284, 89_998, 125_997, 176_395, 246_953, 345_735),
    *(484_029, 677_640, 948_696, 1_328_175, 1_859_444, 2_603_222, 3_644_511, 5_102_316, 7_143_242),
    *(10_000_539, 14_000_754, 19_601_056),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`steps`: messages a day, rising. `by_hour`: no hour may have more than a 24th of its day. `each_provider`: every
    mailbox provider has a budget of its own; else one is for all of them together.
    """

    name: str
    steps: tuple[int, ...]
    by_hour: bool = False
    each_provider: bool = True

    @property
    def first(self) -> int:
        return self.steps[0]

    @property
    def last(self) -> int:
        return self.steps[-1]

    def on(self, day: int) -> int:
        """Of the day so many days after the first, when all went well."""
        return self.steps[min(max(day, 0), len(self.steps) - 1)]

    def after(self, budget: int) -> int:
        """The next step above a budget; the last one when there is none."""
        return self.steps[min(bisect_right(self.steps, budget), len(self.steps) - 1)]

    def half(self, budget: int) -> int:
        """Half of a budget, but not less than the first step."""
        return max(self.first, budget // 2)

    def an_hour(self, budget: int) -> int:
        """The most that may leave within an hour; 0: only the day counts."""
        return math.ceil(budget / 24) if self.by_hour else 0

    def providers(self, known: Sequence[str]) -> tuple[str, ...]:
        """Those that have a budget, of the providers that are known."""
        return tuple(known) if self.each_provider else (EVERYWHERE,)


def house(*, volume: int = VOLUME, growth: float = GROWTH, start: int = START) -> Schedule:
    """Ours, up to so many messages a day and provider. Raises ValueError when no schedule comes of it."""
    if not (1 <= start <= volume <= MOST_VOLUME and 1.05 <= growth <= 2):
        raise ValueError(f"no schedule from {start} by {growth} to {volume}")
    steps = [start]
    while steps[-1] < volume:
        steps.append(min(volume, max(steps[-1] + 1, round(steps[-1] * growth))))
    return Schedule("house", tuple(steps))


def table(*, volume: int = 24 * HOURLY[-1]) -> Schedule:
    """SendGrid's, up to so many messages a day. Raises ValueError when that is less than its first day."""
    days = [24 * an_hour for an_hour in HOURLY]
    if volume < days[0]:
        raise ValueError(f"the table begins with {days[0]} messages a day, which is more than {volume}")
    steps = [step for step in days if step < volume]
    return Schedule("table", (*steps, min(volume, days[-1])), by_hour=True, each_provider=False)
