"""Campaigns in lists: found by words, state and tag, page by page however many there are; a month of them; some side by side.

A page goes on from the id of a campaign (index `campaign_newest`), so that the last page costs as much as the first.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.models import Organization
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import campaigns
from campaigns.queries.campaigns import Row
from reputation.queries.totals import Counts

PER_PAGE = 25
MOST_WORDS = 8
MOST_OF_A_MONTH = 500
LEAST_TO_COMPARE, MOST_TO_COMPARE = 2, 5


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows; "" for all."""

    search: str = ""
    state: str = ""
    tag: str = ""

    def __bool__(self) -> bool:
        return bool(self.search or self.state or self.tag)


@dataclass(frozen=True, slots=True)
class Page:
    """`next` and `previous` are cursors: the ids after and before which the list goes on."""

    rows: list[Row]
    next: int | None = None
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar with its campaigns, the earliest first; each with its moment where the organization is."""

    date: date
    in_month: bool
    is_today: bool
    campaigns: list[tuple[datetime, Campaign]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Month:
    """Whole weeks, Monday first. `left_out`: there were more than MOST_OF_A_MONTH."""

    first: date
    weeks: list[list[Day]]
    count: int
    left_out: bool

    @property
    def previous(self) -> str:
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def next(self) -> str:
        return f"{self.first + timedelta(days=31):%Y-%m}"


def page(organization: Organization, wanted: Filter, *, after: int | None = None, before: int | None = None) -> Page:
    """A page of campaigns with their numbers, the newest first."""
    fits = _fitting(organization, wanted)
    backward = before is not None
    if backward:
        fits = fits.filter(pk__gt=before).order_by("pk")
    elif after is not None:
        fits = fits.filter(pk__lt=after)
    found = list(fits[: PER_PAGE + 1])
    more, found = len(found) > PER_PAGE, found[:PER_PAGE]
    if backward:
        found.reverse()
    if not found:
        return Page([])
    newer, older = found[0].pk, found[-1].pk
    return Page(
        campaigns.rows(found),
        next=older if (more or backward) else None,
        previous=newer if (more if backward else after is not None) else None,
    )


def tags(organization: Organization) -> list[str]:
    """Every tag that a campaign has, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Many campaigns have the same few tags, so the lists of them are made one before they are opened.
            "SELECT DISTINCT tag FROM (SELECT DISTINCT tags FROM campaigns_campaign WHERE organization_id = %s) found,"
            " jsonb_array_elements_text(tags) tag ORDER BY tag LIMIT 200",
            [organization.pk],
        )
        return [tag for (tag,) in cursor.fetchall()]


def month(organization: Organization, year: int, number: int) -> Month:
    """What leaves or left in a month: by the moment of the launch, else of the plan, where the organization is."""
    zone = ZoneInfo(organization.time_zone)
    weeks = calendar.Calendar(firstweekday=calendar.MONDAY).monthdatescalendar(year, number)
    begin = datetime.combine(weeks[0][0], datetime.min.time(), zone)
    end = datetime.combine(weeks[-1][-1] + timedelta(days=1), datetime.min.time(), zone)
    found = list(
        Campaign.objects.filter(organization=organization)
        .annotate(moment=Coalesce("launched_at", "start_at"))
        .filter(moment__gte=begin, moment__lt=end)
        .defer("notes", "accepted_warnings")
        .order_by("moment", "pk")[: MOST_OF_A_MONTH + 1]
    )
    by_day: dict[date, list[tuple[datetime, Campaign]]] = {}
    for campaign in found[:MOST_OF_A_MONTH]:
        at = campaign.moment.astimezone(zone)
        by_day.setdefault(at.date(), []).append((at, campaign))
    today = timezone.now().astimezone(zone).date()
    return Month(
        first=date(year, number, 1),
        weeks=[[Day(day, day.month == number, day == today, by_day.get(day, [])) for day in week] for week in weeks],
        count=sum(len(some) for day, some in by_day.items() if day.month == number),
        left_out=len(found) > MOST_OF_A_MONTH,
    )


def compared(organization: Organization, public_ids: Sequence[str]) -> list[tuple[Campaign, Counts]]:
    """Campaigns that were sent, with their numbers, in the order in which they were asked for; at most MOST_TO_COMPARE."""
    wanted = list(dict.fromkeys(one.replace("\x00", "") for one in public_ids))[:MOST_TO_COMPARE]
    found = {
        campaign.public_id: campaign
        for campaign in Campaign.objects.select_related("mailing", "mailing__letter", "topic").filter(
            organization=organization, public_id__in=wanted, mailing__sealed_at__isnull=False
        )
    }
    return [(row.campaign, row.counts) for row in campaigns.rows([found[one] for one in wanted if one in found])]


def _fitting(organization: Organization, wanted: Filter) -> QuerySet[Campaign]:
    found = (
        Campaign.objects.filter(organization=organization)
        .select_related("mailing", "topic")
        .defer("notes", "words", "accepted_warnings", "canary", "test")
        .order_by("-pk")
    )
    for word in wanted.search.replace("\x00", "").split()[:MOST_WORDS]:
        found = found.filter(words__contains=Lower(Value(word)))
    if wanted.state in CampaignState.values:
        found = found.filter(state=wanted.state)
    if wanted.tag:
        found = found.filter(tags__contains=[wanted.tag.replace("\x00", "")])
    return found
