"""A careful start: some people first; what becomes of theirs decides about the rest.

Policy: limits are shares of the first group as a whole, so that the order of the answers decides nothing; one single person
stops nothing. Silence is no good news: while less than half of the group has an answer, the rest goes on waiting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

LEAST = 2  # people who bounced or complained, before it can be too many
ENOUGH = 0.5  # of the first group must have an answer

Word = Literal["wait", "go", "ask", "stop"]

DEFAULTS: Final[Mapping[str, Any]] = {"percent": 5, "minutes": 30, "bounces": 3.0, "complaints": 0.3, "go_on": True}


@dataclass(frozen=True, slots=True)
class Settings:
    """`percent` of the people first; then wait `minutes`. `bounces`, `complaints`: limits in per cent of the first group.

    `go_on`: by itself when all is well; else somebody is asked.
    """

    percent: int
    minutes: int
    bounces: float
    complaints: float
    go_on: bool

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Settings | None":
        """As Campaign.canary keeps them; None: no careful start."""
        return cls(**{name: facts.get(name, DEFAULTS[name]) for name in DEFAULTS}) if facts.get("percent") else None


@dataclass(frozen=True, slots=True)
class Seen:
    """The first group: how many may be sent to, have an answer, bounced, complained; minutes since it began to leave."""

    people: int
    answered: int
    bounced: int
    complained: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """wait: nothing to decide yet. go: let the rest go. ask: it is time, and a person decides. stop: too many. With why."""

    word: Word
    why: str = ""


def judge(settings: Settings, seen: Seen) -> Verdict:
    """What is to be done now."""
    for count, limit, what in (
        (seen.bounced, settings.bounces, "bounced"),
        (seen.complained, settings.complaints, "reported it as spam"),
    ):
        if count >= LEAST and count * 100 > limit * seen.people:
            return Verdict(
                "stop",
                f"{count:,} of the first {seen.people:,} {what}: {_percent(count, seen.people)}, and the limit is {limit:g}%.",
            )
    if seen.people and seen.minutes < settings.minutes:
        return Verdict("wait")
    if seen.answered < seen.people * ENOUGH:
        return Verdict(
            "wait",
            f"Only {seen.answered:,} of the first {seen.people:,} have an answer. The rest waits until half have.",
        )
    why = f"Of the first {seen.people:,}, {seen.bounced:,} bounced and {seen.complained:,} reported it as spam."
    return Verdict("go" if settings.go_on else "ask", why)


def _percent(count: int, people: int) -> str:
    return f"{count * 100 / people:.1f}%" if people else "100%"
