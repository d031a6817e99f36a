"""The warm-up of one address as a page shows it. Call across tenants, or inside of the scope of whom it is dedicated to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reputation.models import Warmup, WarmupDay
from reputation.warming import wording
from reputation.warming.schedules import EVERYWHERE
from sending.queries import source_days
from sending.queries.source_days import SourceDay
from sending.relay.sites import OTHER

DAYS = 30
MOST_LINES = 6  # in the chart
MOST_ROWS = 100  # of the table


@dataclass(frozen=True, slots=True)
class Line:
    """One provider's day. `budget` None: no limit. `why`: what decided it, in words."""

    day: date
    provider: str
    budget: int | None
    move: str
    why: str
    tried: int = 0

    @property
    def left(self) -> int:
        return max(0, (self.budget or 0) - self.tried)

    @property
    def used(self) -> int:
        """Per cent of the budget."""
        return min(100, round(100 * self.tried / self.budget)) if self.budget else 0


@dataclass(frozen=True, slots=True)
class Course:
    """`now`: what holds at each provider that gets mail; `quiet`: providers that got none, by the budget that is the same for
    all of them; `days`: what was decided lately, the newest day first; `busy`: providers with mail.
    """

    now: Sequence[Line]
    quiet: Sequence[tuple[int | None, Sequence[str]]]
    days: Sequence[Line]
    busy: Sequence[str]


def of_address(address_id: int) -> Warmup | None:
    """Its plan, if there is one."""
    return Warmup.objects.filter(address_id=address_id).first()


def course(warmup: Warmup, *, today: date, days: int = DAYS) -> Course:
    """How it goes."""
    since = max(warmup.began_on, today - timedelta(days=days - 1))
    rows = list(WarmupDay.objects.filter(warmup=warmup, day__gte=warmup.began_on).order_by("-day", "provider"))
    newest: dict[str, WarmupDay] = {}
    for row in rows:
        newest.setdefault(row.provider, row)
    together = EVERYWHERE in newest
    sent = {
        (each.day, each.provider): each
        for each in source_days.of(source_id=warmup.address_id, since=since, together=together)
    }
    busy = {provider for _, provider in sent} or {EVERYWHERE}
    now = [_line(row, sent.get((today, row.provider))) for row in newest.values() if row.provider in busy]
    now.sort(key=lambda line: (-line.tried, -(line.budget or 10**9), line.provider))
    quiet: dict[int | None, list[str]] = {}
    for row in sorted(newest.values(), key=lambda row: (row.provider == OTHER, row.provider)):
        if row.provider not in busy:
            quiet.setdefault(row.budget, []).append("all others together" if row.provider == OTHER else row.provider)
    past = [_line(row, sent.get((row.day, row.provider))) for row in rows if row.day >= since and row.provider in busy]
    return Course(now, list(quiet.items()), past, sorted(busy & newest.keys()))


def _line(row: WarmupDay, sent: SourceDay | None) -> Line:
    words = wording.why(row.move, row.cause, row.seen)
    return Line(row.day, row.provider, row.budget, row.move, words, sent.tried if sent else 0)


def chart(found: Course) -> dict[str, object] | None:
    """Budgets day by day of the providers with the largest ones; None when there is nothing to draw."""
    days = sorted({line.day for line in found.days})
    if len(days) < 2:
        return None
    of = {(line.day, line.provider): line.budget for line in found.days}
    largest = sorted(found.busy, key=lambda name: -max(of.get((day, name)) or 0 for day in days))
    return {
        "type": "line",
        "labels": [f"{day.day} {day:%b}" for day in days],
        "series": [
            {"label": name or "All providers", "values": [of.get((day, name)) for day in days]}
            for name in largest[:MOST_LINES]
        ],
    }
