"""What a warm-up costs and how long it takes: our schedule with its gates of health against the plain table of days.

A world of five mailbox providers, each with a hidden ceiling: what it takes in a day from an address that it does not know
well. The ceiling grows with a day's good mail and is cut by what goes far beyond it; a little above it mail is deferred, more
is blocked. Some providers are lenient, some strict, some in a bad mood for a while. The same worlds meet each way of sending:
`ours` (50 a day and provider, 1.35 times as many after a green day), `ours, by days only` (the same steps without a look at
health), `table, gated` (SendGrid's table, which an address as a whole follows, with our gates) and `plain table` (a step each
day, as published). There is always enough mail to send. All of them meet each world twice: with a sender that goes on
whatever it is told, and with one that is done for the day at a provider after STOP blocks, as our relay nearly is.
Days are days of sending. The worlds are made up: who wins here by a little has won nothing.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from types import ModuleType

from bench import report as default_report
from reputation.warming import schedules, tracks
from reputation.warming.health import Day
from reputation.warming.schedules import EVERYWHERE, Schedule
from reputation.warming.tracks import Track

WORLDS, DAYS, VOLUME = 200, 120, 100_000
SHARES: Mapping[str, float] = {"Gmail": 0.45, "Microsoft": 0.25, "Yahoo": 0.15, "Apple": 0.05, "Other": 0.10}
BEGIN = date(2026, 1, 1)
STOP = 50  # blocks in a day


@dataclass(slots=True)
class Provider:
    """`ceiling` a day, hidden; it grows by `growth` a day when it is used well. `mood`: days on which it takes half."""

    ceiling: float
    growth: float
    mood: frozenset[int]

    def take(self, day: int, tried: int, stop: int | None) -> Day:
        """One day's mail, and what the provider thinks of it afterwards. `stop`: blocks after which no more is tried."""
        ceiling = max(20.0, self.ceiling * (0.5 if day in self.mood else 1.0))
        if stop is not None:
            tried = min(tried, int(ceiling * 1.1) + int(ceiling * 0.4) + stop)
        noise = round(min(tried, ceiling) * 0.005)
        above = max(0, tried - int(ceiling * 1.1))  # a little is looked over
        deferred = min(above, int(ceiling * 0.4))
        blocked = above - deferred
        trouble = blocked / max(1, tried)
        if trouble > 0.3:
            self.ceiling = max(20.0, self.ceiling * 0.5)
        elif trouble > 0.05:
            self.ceiling = max(20.0, self.ceiling * 0.8)
        else:  # what is taken is good mail, and is worth less beside much that is too much
            self.ceiling *= 1 + (self.growth - 1) * min(1.0, tried / ceiling) * (0.3 if above else 1.0)
        return Day(delivered=tried - above - noise, deferred=deferred + noise, blocked=blocked)


@dataclass(slots=True)
class Course:
    """How it went. `full_on`: the first day on which nearly all of the volume was delivered, None: never."""

    full_on: int | None = None
    blocked: int = 0
    deferred: int = 0
    delivered: int = 0

    def note(self, day: int, seen: list[Day]) -> None:
        delivered = sum(each.delivered for each in seen)
        self.delivered += delivered
        self.deferred += sum(each.deferred for each in seen)
        self.blocked += sum(each.blocked for each in seen)
        if self.full_on is None and delivered >= 0.95 * VOLUME:
            self.full_on = day + 1


def world(seed: int) -> dict[str, Provider]:
    """Five providers, the same ones for the same seed."""
    chance = random.Random(seed)
    made = {}
    for name in SHARES:
        first, growth = chance.choice([(2_000, 1.8), (500, 1.5), (500, 1.4), (150, 1.4), (150, 1.3), (100, 1.2)])
        moody = chance.random() < 0.2
        when = chance.randrange(5, 40)
        made[name] = Provider(
            first * chance.uniform(0.7, 1.3), growth, frozenset(range(when, when + 4)) if moody else frozenset()
        )
    return made


def send(providers: Mapping[str, Provider], schedule: Schedule, *, is_gated: bool, stop: int | None) -> Course:
    """Warm up in one world. Every provider wants its share of the volume each day."""
    course = Course()
    going: dict[str, Track] = {}
    for day in range(DAYS):
        today = BEGIN + timedelta(days=day)
        if not going:
            going = {name: tracks.start(schedule, today=today) for name in schedule.providers(tuple(SHARES))}
        seen: dict[str, Day] = {}
        for name, share in SHARES.items():
            wanted = round(VOLUME * share)
            track = going[name if schedule.each_provider else EVERYWHERE]
            budget = track.budget if is_gated else schedule.on(day)
            if budget is not None and not schedule.each_provider:
                budget = round(budget * share)
            seen[name] = providers[name].take(day, wanted if budget is None else min(wanted, budget), stop)
        course.note(day, list(seen.values()))
        if is_gated:
            tomorrow = today + timedelta(days=1)
            for name, track in going.items():
                of = seen.values() if name == EVERYWHERE else [seen[name]]
                whole = Day(
                    delivered=sum(each.delivered for each in of),
                    deferred=sum(each.deferred for each in of),
                    blocked=sum(each.blocked for each in of),
                )
                going[name] = tracks.decide(track, schedule, today=tomorrow, yesterday=whole)
    return course


WAYS: Mapping[str, tuple[Schedule, bool]] = {
    "ours": (schedules.house(volume=VOLUME // 2), True),
    "ours, by days only": (schedules.house(volume=VOLUME // 2), False),
    "table, gated": (schedules.table(volume=VOLUME), True),
    "plain table": (schedules.table(volume=VOLUME), False),
}


def run(report: ModuleType = default_report) -> None:
    """Measures, and reports the numbers."""
    for stop, name, words in (
        (STOP, "warmup", f"a sender that is done for the day after {STOP} blocks"),
        (None, "warmup.deaf", "a sender that goes on whatever it is told"),
    ):
        found = {
            way: [send(world(seed), schedule, is_gated=gated, stop=stop) for seed in range(WORLDS)]
            for way, (schedule, gated) in WAYS.items()
        }
        report.say(f"{words}, in {WORLDS} worlds of {len(SHARES)} providers, {DAYS} days:")
        for way, courses in found.items():
            report.say(f"{way}: {_in_words(courses)}")
        _emit(report, name, found["ours"], found["plain table"], words)


def _in_words(courses: list[Course]) -> str:
    full = sorted(course.full_on or DAYS + 1 for course in courses)
    never = sum(course.full_on is None for course in courses)
    tried, count = sum(_tried(course) for course in courses), len(courses)
    blocked, deferred = sum(c.blocked for c in courses), sum(c.deferred for c in courses)
    return (
        f"full volume after {median(full):.0f} days (a tenth before {full[count // 10]}, {never} of {count} worlds not within "
        f"{DAYS}); blocked {blocked / count:,.0f} a world ({blocked / tried:.2%} of tries), deferred {deferred / count:,.0f} "
        f"({deferred / tried:.2%}), delivered {sum(c.delivered for c in courses) / count:,.0f}"
    )


def _tried(course: Course) -> int:
    return course.delivered + course.deferred + course.blocked


def _emit(report: ModuleType, name: str, ours: list[Course], plain: list[Course], words: str) -> None:
    def days(courses: list[Course]) -> float:
        return median(course.full_on or DAYS + 1 for course in courses)

    def share(courses: list[Course], what: str) -> float:
        return sum(getattr(course, what) for course in courses) / max(1, sum(map(_tried, courses)))

    against = f"plain table {days(plain):.0f} days ({DAYS + 1}: not within {DAYS}); {words}"
    report.emit(f"{name}.days", days(ours), "days to full volume, median", against, days(plain), "lower")
    for what in ("blocked", "deferred"):
        against = f"plain table {share(plain, what):.3%} of its tries; {words}"
        report.emit(
            f"{name}.{what}", 100 * share(ours, what), "per cent of tries", against, 100 * share(plain, what), "lower"
        )


if __name__ == "__main__":
    run()
