"""A test of versions: some people get A, B, …; what they do decides which one the rest gets.

Policy: the time of a version begins when the last of its people could have it, and nothing is decided before the last version
has had its time. A version that clearly wins goes to the rest; whether one does is the business of `campaigns.statistics`.
When none does, it goes as was chosen beforehand: the one that leads, or a person is asked. A version that clearly costs more
people than another one never wins by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal

from campaigns import statistics
from campaigns.statistics import Reading, Share

MOST = 5  # versions
LEAST_SHARE = 5  # per cent of the people, all versions together
ENOUGH = 0.5  # of a version's people must have an answer from their servers
MUCH = 2.0  # a test that would show nothing below this many times the usual rate is hardly one

Word = Literal["wait", "win", "ask"]

DEFAULTS: Final[Mapping[str, Any]] = {
    "what": "subject",
    "share": 30,
    "metric": "clicks",
    "minutes": 240,
    "by_itself": True,
    "unsure": "leader",
    "guard": True,
}
USUAL: Final[Mapping[str, float]] = {"clicks": 0.10, "opens": 0.30}  # where nothing is known of the organization's own
_WHAT: Final[Mapping[str, str]] = {
    "subject": "subject",
    "preheader": "preview text",
    "from_name": "sender's name",
    "content": "content",
    "time": "time",
}
_DID: Final[Mapping[str, str]] = {"clicks": "clicked", "opens": "opened"}
# What a launch and its course add to the choices: not a part of what somebody approves or copies.
_COURSE: Final = frozenset({"winner", "outcome", "last"})


@dataclass(frozen=True, slots=True)
class Settings:
    """`what` differs: subject, preheader, from_name, content, time. `share` per cent get a version; counted by `metric`
    (clicks, opens) for `minutes` each. `unsure`: leader or ask, when none is better; `guard`: who leaves counts against it.
    """

    what: str
    share: int
    metric: str
    minutes: int
    by_itself: bool
    unsure: str
    guard: bool

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Settings | None":
        """As Campaign.test keeps them; None: no test."""
        return cls(**{name: facts.get(name, DEFAULTS[name]) for name in DEFAULTS}) if facts.get("share") else None

    @property
    def has_rest(self) -> bool:
        """Whether anybody waits for a winner."""
        return self.share < 100

    @property
    def did(self) -> str:
        """What the metric counts, as a verb: clicked, opened."""
        return _DID[self.metric]


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a version: people who may be sent to, who have an answer, delivered; people who clicked, opened, left."""

    number: int
    people: int = 0
    answered: int = 0
    delivered: int = 0
    clicks: int = 0
    opens: int = 0
    lost: int = 0

    def share(self, metric: str) -> Share:
        return Share(self.clicks if metric == "clicks" else self.opens, self.delivered)

    @property
    def left(self) -> Share:
        return Share(self.lost, self.delivered)


@dataclass(frozen=True, slots=True)
class Verdict:
    """wait: nothing to decide yet. win: version `number` goes to the rest. ask: it is time, and a person decides. With why."""

    word: Word
    why: str = ""
    number: int = 0


def name(number: int) -> str:
    """A, B, …"""
    return chr(64 + number)


def choices(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody chose of Campaign.test, without what became of an earlier launch."""
    return {key: value for key, value in facts.items() if key not in _COURSE}


def split(settings: Settings, versions: int, rest: int) -> list[tuple[int, float]]:
    """(variant, per cent) as the ledger divides an audience; the variant `rest` gets what is left."""
    parts = [(number, settings.share / versions) for number in range(1, versions + 1)]
    return [*parts, (rest, 100.0 - settings.share)] if settings.has_rest else parts


def sizes(settings: Settings, versions: int, people: int) -> tuple[list[int], int]:
    """How many of `people` get each version, and how many wait: as the ledger rounds it, up to one person."""
    edges = [int(people * settings.share * number / versions / 100 + 1e-9) for number in range(versions + 1)]
    return [high - low for low, high in pairwise(edges)], people - edges[-1]


def plan(settings: Settings, delays: Sequence[timedelta]) -> list[str]:
    """What will happen, sentence by sentence. `delays`: how much later than the campaign each version leaves, A first."""
    each = percent(settings.share / len(delays) / 100)
    said = [
        f"A/B test of the {_WHAT[settings.what]}: versions {_and([name(n + 1) for n in range(len(delays))])}, {each} each."
    ]
    later = [f"{name(number)} leaves {span(delay)} later" for number, delay in enumerate(delays, start=1) if delay]
    if later:
        said.append(f"{_and(later)}.")
    counted = f"It counts who {settings.did}, for {span(timedelta(minutes=settings.minutes))} after the last"
    if not settings.has_rest:
        return [*said, f"{counted} of a version may have it. Nobody waits."]
    said.append(f"{counted} of a version may have it. The others, {percent(1 - settings.share / 100)}, wait for that.")
    if not settings.by_itself:
        said.append("Then somebody is asked which version the others get.")
        return said
    then = "the one that leads goes to them" if settings.unsure == "leader" else "somebody is asked"
    said.append(f"A version that is clearly better then goes to the others by itself; if none is, {then}.")
    if settings.guard:
        said.append("A version because of which clearly more people leave does not win by itself.")
    return said


def span(length: timedelta) -> str:
    """2 hours, 30 minutes, 3 days."""
    minutes = int(length.total_seconds() // 60)
    for size, word in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size and minutes % size == 0:
            return f"{minutes // size} {word}{'' if minutes == size else 's'}"
    return f"{minutes} minutes"


def ends(facts: Mapping[str, Any], settings: Settings) -> dict[int, datetime]:
    """When each version has had its time; empty before the launch is frozen."""
    span = timedelta(minutes=settings.minutes)
    return {int(number): datetime.fromisoformat(at) + span for number, at in facts.get("last", {}).items()}


def begun(facts: Mapping[str, Any], last: Mapping[int, datetime]) -> dict[str, Any]:
    """Campaign.test with `last`: when the last person of each version may leave."""
    return {**facts, "last": {str(number): at.isoformat() for number, at in last.items()}}


def put_off(facts: Mapping[str, Any], by: timedelta) -> dict[str, Any]:
    """Campaign.test after a pause: the time during which nothing left is not counted."""
    return begun(facts, {int(number): datetime.fromisoformat(at) + by for number, at in facts.get("last", {}).items()})


def read(settings: Settings, seen: Sequence[Seen]) -> Reading:
    """Which version leads, and whether it is better."""
    return statistics.compare({each.number: each.share(settings.metric) for each in seen})


def judge(settings: Settings, seen: Sequence[Seen], *, is_over: bool) -> Verdict:
    """What is to be done now. `is_over`: the last version has had its time."""
    if not is_over:
        return Verdict("wait")
    for each in seen:
        if each.answered < each.people * ENOUGH:
            return Verdict(
                "wait",
                f"Only {each.answered:,} of the {each.people:,} who get {name(each.number)} have an answer from their "
                "servers. It waits until half have.",
            )
    reading = read(settings, seen)
    said = in_words(settings, seen, reading)
    if not settings.by_itself:
        return Verdict("ask", said)
    if settings.guard and costs_more(seen, reading.leader):
        leader = next(each for each in seen if each.number == reading.leader)
        return Verdict(
            "ask",
            f"{said} But clearly more people leave because of {name(leader.number)} ({percent(leader.left.rate)}), so it "
            "does not win by itself.",
        )
    if reading.word == "clear":
        return Verdict("win", said, reading.leader)
    if settings.unsure == "leader":
        first = name(reading.leader)
        leads = f"{first} leads, and was" if is_ahead(reading) else f"None leads, so {first}, the first of them, was"
        return Verdict("win", f"{said} {leads} to go to the others in this case.", reading.leader)
    return Verdict("ask", said)


def is_ahead(reading: Reading) -> bool:
    """Whether one version leads all others, be it by chance."""
    return all(each.value > 0 for each in reading.differences)


def costs_more(seen: Sequence[Seen], number: int) -> bool:
    """Whether a version loses clearly more people (unsubscribed, reported as spam) than another one."""
    return statistics.worse({each.number: each.left for each in seen}, number)


def in_words(settings: Settings, seen: Sequence[Seen], reading: Reading) -> str:
    """What the numbers say, in a sentence or two."""
    shares = {each.number: each.share(settings.metric) for each in seen}
    leader = shares[reading.leader]
    if not leader.n:
        return f"Too few to tell: nobody has {settings.did}."
    closest = reading.differences[0]
    best, other = name(reading.leader), name(closest.other)
    rates = f"{percent(leader.rate)} {settings.did}, against {percent(shares[closest.other].rate)} of {other}"
    if reading.word == "clear":
        return f"{best} is better: {rates}. The difference is between {points(closest.low)} and {points(closest.high)} points."
    if reading.word == "same":
        most = max(max(abs(each.low), each.high) for each in reading.differences)
        return f"No difference larger than {points(most)} points: of {best} {rates}."
    said = (
        f"Too few to tell: of {best} {rates}. The difference is anything from {points(closest.low)} to "
        f"{points(closest.high)} points."
    )
    behind = [name(each.other) for each in sorted(reading.differences, key=lambda d: d.other) if each.is_clear]
    return f"{said} Only {_and(behind)} {'is' if len(behind) == 1 else 'are'} clearly worse." if behind else said


def could_see(settings: Settings, versions: int, people: int, usual: float) -> str:
    """How big a difference would have to be, for so many people each. `usual`: the rate that is expected of the metric."""
    higher = statistics.visible(usual, people, versions=versions)
    each = f"With {people:,} {'person' if people == 1 else 'people'} each"
    if higher is None:
        return f"{each}, no difference could be seen at all."
    only = "even" if higher - usual < usual * statistics.SMALL else "only"
    digits = 2 if higher - usual < 0.001 else 1
    return (
        f"{each}, {only} a difference such as {percent(usual, digits)} against {percent(higher, digits)} would be seen."
    )


def is_hopeless(versions: int, people: int, usual: float) -> bool:
    """Whether only a version that is several times as good as another one would be seen."""
    higher = statistics.visible(usual, people, versions=versions)
    return higher is None or higher > usual * MUCH


def percent(rate: float, digits: int = 1) -> str:
    """12.1%, 10%."""
    text = f"{rate * 100:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def points(value: float) -> str:
    """A difference of rates in points: 0.4, −1.2."""
    shown = value * 100
    text = f"{abs(shown):.2f}" if 0 < abs(shown) < 0.095 else f"{abs(shown):.1f}"
    return f"−{text}" if shown < 0 and float(text) else text


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
