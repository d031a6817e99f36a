"""When a campaign will be done: at the checklist by its audience, and while it is sent by what still waits.

Policy: what is not known is not told (None). Budgets of addresses that are warmed up, growth if all goes well, paces that were
seen lately; other sends that wait for the same budgets are not counted in.
"""

from collections.abc import Iterable
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.preflight import duration
from campaigns.preflight.facts import Done, Load
from campaigns.queries import check_counts, moments
from reputation.queries import warming
from reputation.queries.warming import Limits
from reputation.warming import forecast
from reputation.warming.schedules import EVERYWHERE
from sending.enums import StreamKind
from sending.models import Mailing, Stream
from sending.relay.sites import OTHER

KEPT = 120  # seconds that a look at what waits is good for: it is about days, and reads an index entry a message


def of_draft(campaign: Campaign, loads: Iterable[Load] | None) -> Done | None:
    """If it were launched now. `loads`: what each provider gets, as the checklist counted it."""
    if loads is None:
        return None
    now = timezone.now()
    stream = Stream.objects.filter(organization=campaign.organization, kind=StreamKind.MARKETING).first()
    when = moments.of(campaign, now)
    return _told(campaign, loads, stream, begins=when.leaves_at, last=when.last_at, now=now)


def of_sending(campaign: Campaign, mailing: Mailing) -> Done | None:
    """Of one that is being sent, by what has not left yet.

    None also where nothing of a warm-up is in its way: then its pace tells more.
    """
    key = f"campaigns.forecast.{mailing.pk}"
    found: Done | str | None = cache.get(key, "")
    if found == "":
        found = _of_waiting(campaign, mailing)
        cache.set(key, found, timeout=KEPT)
    assert not isinstance(found, str)
    return found


def _of_waiting(campaign: Campaign, mailing: Mailing) -> Done | None:
    stream = Stream.objects.get(pk=mailing.stream_id)
    if not warming.is_warming(stream):
        return None
    loads = check_counts.waiting(mailing.pk)
    if loads is None:
        return None
    now = timezone.now()
    done = _told(campaign, loads, stream, begins=now, last=now, now=now)
    return done if done is not None and done.is_warming else None


def why_it_waits(stream: Stream, provider: str, *, many: bool) -> str:
    """The budget that mail of a stream to a provider waits for; "" when there is none."""
    limits = warming.limits(stream)
    return in_the_way(limits, provider or OTHER, many=many)


def is_used_up(limits: Limits, provider: str) -> bool:
    """Whether nothing more may go there today."""
    found = limits.at(provider) or limits.at(EVERYWHERE)
    return bool(found) and not any(limit.left for limit in found)


def in_the_way(limits: Limits, provider: str, *, many: bool) -> str:
    """The same, of limits that are known."""
    found = limits.at(provider) or limits.at(EVERYWHERE)
    if not found:
        return ""
    a_day, left = sum(limit.budget for limit in found), sum(limit.left for limit in found)
    leaves = "they leave" if many else "it leaves"
    return f"The addresses that {leaves} from are being warmed up: {a_day:,} a day for now, {left:,} still today."


def _told(
    campaign: Campaign, loads: Iterable[Load], stream: Stream | None, *, begins: datetime, last: datetime, now: datetime
) -> Done | None:
    limits = warming.limits(stream)
    parts = warming.parts(
        [
            warming.Load(
                load.provider, load.together or load.people, duration.a_second(load, together=not load.is_known)
            )
            for load in loads
        ],
        limits,
        paces=warming.paces(),
    )
    found = forecast.of(parts, begins=begins, now=now)
    if found is None:
        return None
    if found.latest is not None and found.latest < last:  # spread, or somewhere it is another time of day
        found = forecast.Forecast(max(found.soonest or last, last), last, "", False)
    slow = next((part for part in parts if part.provider == found.slowest and found.is_warming), None)
    return Done(
        words=forecast.in_words(found, zone=moments.zone(campaign), now=now),
        zone=moments.zone(campaign),
        is_warming=found.is_warming,
        provider=found.slowest,
        today=slow.today if slow is not None else None,
        a_day=slow.steady[0] if slow is not None else 0,
        days=((found.latest or found.soonest or now) - now).days if found.is_warming else 0,
        may_overflow=not limits.is_shared,
    )
