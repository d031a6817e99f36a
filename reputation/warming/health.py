"""How yesterday went at one provider: green, yellow or red, and why. Only green days let a budget grow.

Policy: the limits of green are those that the trade gives for a new address; red is where providers begin to refuse. One
single person or reply is never red, because on a day of fifty messages one of them is two per cent.
"""

from dataclasses import dataclass
from typing import Literal

# Shares of what was tried; complaints: of what was delivered.
DEFERRED, BOUNCED, COMPLAINED, USED = 0.05, 0.02, 0.001, 0.60
RED_DEFERRED, RED_BLOCKED, RED_BOUNCED, RED_COMPLAINED = 0.20, 0.01, 0.08, 0.003
RED_BLOCKS = 10  # in a day, whatever share they are: who blocks us is not asked often
LEAST = 2  # of anything, before it can be red

Colour = Literal["green", "yellow", "red"]
Cause = Literal["", "blocked", "complained", "bounced", "deferred", "unused"]


@dataclass(frozen=True, slots=True)
class Day:
    """What became of one day's tries of one address at one provider.

    `deferred`: tries that were put off for any reason but blocks; `bounced`: people who do not exist; `blocked`: replies
    against the address, its rate or its reputation, whatever their code; `complained`: reports that came in on that day.
    `hours`: in how many hours of the day there was anything to send.
    """

    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    blocked: int = 0
    complained: int = 0
    hours: int = 24

    @property
    def tried(self) -> int:
        return self.delivered + self.deferred + self.bounced + self.blocked


@dataclass(frozen=True, slots=True)
class Health:
    """`cause`: what keeps it from being green. "unused" is yellow for want of evidence, not for trouble."""

    colour: Colour
    cause: Cause = ""


def of(day: Day, *, budget: int, an_hour: int = 0) -> Health:
    """Judge a day with its budget. `an_hour`: the most that could leave in an hour, 0: all of it."""
    tried, delivered = max(1, day.tried), max(1, day.delivered)
    red: tuple[tuple[Cause, int, float, int], ...] = (
        ("blocked", day.blocked, RED_BLOCKED, tried),
        ("complained", day.complained, RED_COMPLAINED, delivered),
        ("bounced", day.bounced, RED_BOUNCED, tried),
        ("deferred", day.deferred, RED_DEFERRED, tried),
    )
    for cause, count, share, of_all in red:
        if count >= LEAST and count >= share * of_all:
            return Health("red", cause)
    if day.blocked >= RED_BLOCKS:
        return Health("red", "blocked")
    if day.blocked:
        return Health("yellow", "blocked")
    if day.complained >= COMPLAINED * delivered and day.complained:
        return Health("yellow", "complained")
    if day.bounced >= BOUNCED * tried and day.bounced:
        return Health("yellow", "bounced")
    if day.deferred >= DEFERRED * tried and day.deferred:
        return Health("yellow", "deferred")
    usable = min(budget, an_hour * max(1, day.hours)) if an_hour else budget
    if day.tried < USED * usable:
        return Health("yellow", "unused")
    return Health("green")
