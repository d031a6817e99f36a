"""A track: the warm-up of one address at one provider, from day to day. What the new day's budget is, and why.

Policy: one step a day at the most, however long nobody decided; up after a green day only, half after a red one, the same
after any other. Who has sent nothing for IDLE_DAYS is forgotten by providers and begins again, graduates too.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from reputation.warming import health
from reputation.warming.health import Cause, Day
from reputation.warming.schedules import Schedule

IDLE_DAYS = 30

Move = Literal["started", "advanced", "held", "halved", "restarted", "graduated", "free"]


@dataclass(frozen=True, slots=True)
class Track:
    """`budget` of `day`, and how it came about; None: as much as one likes, it has graduated. `sent_on`: the last day with
    a try. `began`: when it was started, or restarted.
    """

    day: date
    budget: int | None
    move: Move
    cause: Cause = ""
    sent_on: date | None = None
    began: date | None = None


def start(schedule: Schedule, *, today: date) -> Track:
    """The first day."""
    return Track(today, schedule.first, "started", began=today)


def decide(track: Track, schedule: Schedule, *, today: date, yesterday: Day) -> Track:
    """Today's, by what became of yesterday's. The same track when today was decided before.

    Of days that nobody decided only yesterday counts: the budget stood still meanwhile, so one step is all that was earned.
    """
    if today <= track.day:
        return track
    sent_on = today - timedelta(days=1) if yesterday.tried else track.sent_on

    def now(budget: int | None, move: Move, cause: Cause = "") -> Track:
        began = today if move == "restarted" else track.began
        return Track(today, budget, move, cause, sent_on=sent_on, began=began)

    last = sent_on or track.began or track.day
    if (today - last).days >= IDLE_DAYS:
        if track.budget == schedule.first:
            return now(schedule.first, "held", "unused")
        return now(schedule.first, "restarted", "unused")
    if track.budget is None:
        return now(None, "free")
    budget = min(track.budget, schedule.last)
    found = health.of(yesterday, budget=budget, an_hour=schedule.an_hour(budget))
    if found.colour == "red":
        return now(schedule.half(budget), "halved", found.cause)
    if found.colour == "yellow":
        return now(budget, "held", found.cause)
    if budget >= schedule.last:
        return now(None, "graduated")
    return now(schedule.after(budget), "advanced")
