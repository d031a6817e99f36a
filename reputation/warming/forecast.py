"""When a send will be done: what each mailbox provider gets, by the budgets of warm-up and by the pace of the rest.

Policy: a guess is said as a guess. Two ends are told: the sooner one if every day goes well and budgets grow as scheduled,
the later one if they stay as they are; what is not limited by a budget is known by its measured pace, or only about.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 86_400.0
MOST_DAYS = 60  # looked ahead
SPREAD = 0.9  # of the rest of a day, over which the relay spreads what may still leave in it ...
SLOWEST = 300.0  # ... but with no longer pauses than so many seconds
GUESSED = 3.0  # how far a pace that was never measured may be wrong, up or down


@dataclass(frozen=True, slots=True)
class Part:
    """What goes to one provider, or to several that share a budget.

    `a_second`: messages, beside all budgets; `is_measured`: seen lately, and not guessed. `today`: what its budgets leave of
    this day, None: it has none, or what is above them goes by other addresses. `growing`, `steady`: the budgets of the days
    after this one, together, if all goes well and if they stay; the last is that of all later days.
    """

    provider: str
    people: int
    a_second: float
    is_measured: bool = False
    today: int | None = None
    growing: Sequence[int] = ()
    steady: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """`soonest` <= `latest`, None: not within MOST_DAYS. `slowest`: the part that is done last. `is_warming`: because of a
    budget.
    """

    soonest: datetime | None
    latest: datetime | None
    slowest: str
    is_warming: bool


def of(parts: Iterable[Part], *, begins: datetime, now: datetime | None = None) -> Forecast | None:
    """When all parts are done, of a send whose first mail leaves at `begins`; None when there is nothing to send.

    `now`: the moment whose day `today` speaks of; `begins` itself when it is not given.
    """
    begins = begins.astimezone(UTC)
    now = (now or begins).astimezone(UTC)
    found = [(_ends(part, begins, now), part) for part in parts if part.people > 0]
    if not found:
        return None
    slowest = max(found, key=lambda each: _never(each[0][1]))[1]
    soonest = max((ends[0] for ends, _ in found), key=_never)
    latest = max((ends[1] for ends, _ in found), key=_never)
    return Forecast(soonest, latest, slowest.provider, slowest.today is not None)


def _never(moment: datetime | None) -> datetime:
    return moment or datetime.max.replace(tzinfo=UTC)


def _ends(part: Part, begins: datetime, now: datetime) -> tuple[datetime | None, datetime | None]:
    if part.today is None:
        seconds = part.people / max(part.a_second, 0.001)
        wrong = 1.0 if part.is_measured else GUESSED
        return begins + timedelta(seconds=seconds / wrong), begins + timedelta(seconds=seconds * wrong)
    return _by_budget(part, begins, now, part.growing), _by_budget(part, begins, now, part.steady)


def _by_budget(part: Part, begins: datetime, now: datetime, coming: Sequence[int]) -> datetime | None:
    """The moment of the last message, day by day. Before it begins, days go by at their budgets and grow no further than
    they would with mail: whoever starts later starts at today's."""
    left, day = part.people, begins
    midnight = begins.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    same_day = begins.date() == now.date()
    budget = (part.today or 0) if same_day else (part.steady[0] if part.steady else 0)
    later = list(coming) or [0]
    for number in range(MOST_DAYS):
        rest = (midnight - day).total_seconds()
        gone = min(budget, left, math.floor(rest * max(part.a_second, 0.001)))
        if gone >= left:
            each = max(1 / max(part.a_second, 0.001), min(SLOWEST, rest * SPREAD / max(budget, 1)))
            return min(midnight, day + timedelta(seconds=each * left))
        left -= gone
        day, midnight = midnight, midnight + timedelta(days=1)
        budget = later[min(number, len(later) - 1)]
    return None


def in_words(forecast: Forecast, *, zone: str, now: datetime) -> str:
    """When it will be done, as one says it to people whose clocks are of `zone`; a part of a sentence: "on Tuesday about
    14:00", "between Tuesday and Friday"."""
    here = ZoneInfo(zone)
    today = now.astimezone(here)
    if forecast.soonest is None:
        return f"in more than {MOST_DAYS} days"
    soonest = forecast.soonest.astimezone(here)
    if forecast.latest is None:
        return f"{_day(soonest, today)} at the soonest"
    latest = forecast.latest.astimezone(here)
    if soonest.date() != latest.date():
        return f"between {_day(soonest, today, short=True)} and {_day(latest, today, short=True)}"
    if (latest - soonest).total_seconds() <= 3600:
        return f"{_day(latest, today)} about {_hour(latest)}"
    return f"{_day(latest, today)} between {_hour(soonest)} and {_hour(latest, up=True)}"


def _day(moment: datetime, today: datetime, *, short: bool = False) -> str:
    days = (moment.date() - today.date()).days
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    name = f"{moment:%A}" if days < 7 else f"{moment:%A} {moment.day} {moment:%B}"
    return name if short else f"on {name}"


def _hour(moment: datetime, *, up: bool = False) -> str:
    """To the quarter of an hour when it is that near, else the minutes are more than is known."""
    minutes = moment.hour * 60 + moment.minute
    quarter = (math.ceil(minutes / 15) if up else round(minutes / 15)) * 15
    quarter = min(quarter, 23 * 60 + 45)
    return f"{quarter // 60:02d}:{quarter % 60:02d}"
