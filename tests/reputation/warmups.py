"""An address in the middle of its warm-up, for tests of pages."""

from datetime import UTC, datetime, time, timedelta

from accounts.tenancy import cross_tenant
from reputation.actions import warming
from reputation.models import Warmup, WarmupDay
from sending.models import EgressIP, SourceCount


def begun(address: EgressIP, *, days: int = 3, **plan: object) -> Warmup:
    """`under_way`, as the house does it."""
    with cross_tenant("a warm-up of a test"):
        return under_way(address, days=days, **plan)


def under_way(address: EgressIP, *, days: int = 3, **plan: object) -> Warmup:
    """Begun some days ago: Gmail went well each day, Yahoo blocked some on the last one, and today mail is on its way."""
    today = warming.today()
    first = today - timedelta(days=days)
    warmup = warming.start(address_id=address.pk, actor=None, **plan)  # type: ignore[arg-type]
    Warmup.objects.filter(pk=warmup.pk).update(began_on=first, decided_on=first)
    WarmupDay.objects.filter(warmup=warmup).update(day=first, began_on=first)
    budget = 50
    for number in range(days):
        day = first + timedelta(days=number)
        count(address, day, "Gmail", delivered=budget)
        bad = number == days - 1 and days > 1
        count(address, day, "Yahoo", delivered=budget - 2 * bad, blocked=2 * bad)
        warming.decide(warmup_id=warmup.pk, now=day + timedelta(days=1))
        budget = round(budget * 1.35)
    count(address, today, "Gmail", delivered=7, deferred=1)
    return warmup


def count(address: EgressIP, day: object, provider: str, **counts: int) -> None:
    """What it was answered in the first hour of a day."""
    hour = datetime.combine(day, time(), UTC)  # type: ignore[arg-type]
    SourceCount.objects.create(source_id=address.pk, provider=provider, hour=hour, folded=True, **counts)
