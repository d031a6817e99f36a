"""Reading campaigns: lists with their numbers, what is in motion, what a sweep must look at."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organization
from campaigns.enums import CampaignState
from campaigns.lifecycle import IN_MOTION
from campaigns.models import Campaign
from campaigns.queries import moments
from reputation.queries import totals
from reputation.queries.totals import Counts
from sending.enums import Bucket, Hold
from sending.models import Mailing

LOST_AFTER = timedelta(seconds=20)
MOST_UNDO = 60  # minutes


@dataclass(frozen=True, slots=True)
class Row:
    """A campaign with the numbers of its send."""

    campaign: Campaign
    counts: Counts


def of(organization: Organization) -> QuerySet[Campaign]:
    """An organization's campaigns, the newest first."""
    return Campaign.objects.filter(organization=organization).select_related("mailing", "topic").order_by("-id")


def rows(campaigns: list[Campaign]) -> list[Row]:
    """Campaigns with their numbers, in one query."""
    counts = totals.of_mailings([c.mailing_id for c in campaigns if c.mailing_id])
    return [Row(campaign, counts.get(campaign.mailing_id or 0, Counts())) for campaign in campaigns]


def in_motion(organization: Organization) -> list[Row]:
    """What is being sent now, the newest first."""
    return rows(list(of(organization).filter(state__in=IN_MOTION)[:10]))


def last(organization: Organization, *, limit: int = 5) -> list[Row]:
    """The last campaigns that are not in motion."""
    return rows(list(of(organization).exclude(state__in=IN_MOTION)[:limit]))


def unfrozen() -> list[tuple[int, int]]:
    """(organization, campaign) ids of launches that wait for their freeze; call inside of cross_tenant."""
    before = timezone.now() - LOST_AFTER
    return list(
        Campaign.objects.filter(state=CampaignState.LAUNCHING, launched_at__lt=before).values_list(
            "organization_id", "pk"
        )[:100]
    )


def uncleared() -> list[tuple[int, int]]:
    """(organization, mailing) ids of sends that were cancelled or taken back, with rows that wait; inside of cross_tenant."""
    return list(
        Mailing.objects.filter(hold=Hold.CANCELLED, finished_at=None)
        .exclude(sealed_at=None)
        .order_by("pk")
        .values_list("organization_id", "pk")[:100]
    )


def nearly_due() -> list[tuple[int, int]]:
    """(organization, campaign) ids of scheduled campaigns whose time is near; call inside of cross_tenant."""
    soon = Campaign.objects.filter(
        state=CampaignState.SCHEDULED, leaves_at__lte=timezone.now() + timedelta(minutes=MOST_UNDO)
    ).select_related("organization")
    now = timezone.now()
    found = soon.order_by("leaves_at")[:500]
    return [(c.organization_id, c.pk) for c in found if c.leaves_at and c.leaves_at - moments.lead(c) <= now]


def out_of_undo() -> list[tuple[int, int]]:
    """(organization, campaign) ids of launches whose undo window is over; call inside of cross_tenant."""
    over = Campaign.objects.filter(state=CampaignState.HOLDING, leaves_at__lte=timezone.now())
    return list(over.order_by("leaves_at").values_list("organization_id", "pk")[:500])


def careful() -> list[tuple[int, int]]:
    """(organization, campaign) ids of careful starts that are not decided; call inside of cross_tenant."""
    sending = Campaign.objects.filter(state=CampaignState.SENDING, canary__percent__gt=0)
    # NULL is no word: the database would leave out those of which nothing was decided yet.
    found = sending.order_by("pk").values_list("organization_id", "pk", "canary__outcome__word")
    return [(organization_id, pk) for organization_id, pk, word in found if word not in ("go", "stop")]


def testing() -> list[tuple[int, int]]:
    """(organization, campaign) ids of tests of which nothing is decided; call inside of cross_tenant."""
    sending = Campaign.objects.filter(state=CampaignState.SENDING, test__share__lt=100)
    found = sending.order_by("pk").values_list("organization_id", "pk", "test__outcome__word")
    return [(organization_id, pk) for organization_id, pk, word in found if not word]


def perhaps_done() -> list[tuple[int, int]]:
    """(organization, campaign) ids of sends of which nothing is counted as open; call inside of cross_tenant."""
    running = list(
        Campaign.objects.filter(state__in=(CampaignState.SENDING, CampaignState.PAUSED)).values_list(
            "organization_id", "pk", "mailing_id"
        )
    )
    counts = totals.of_mailings([mailing_id for *_, mailing_id in running if mailing_id])
    return [
        (organization_id, campaign_id)
        for organization_id, campaign_id, mailing_id in running
        if not counts.get(mailing_id, Counts()).of(Bucket.ON_ITS_WAY, Bucket.RETRYING)
    ]
