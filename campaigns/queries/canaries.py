"""Reading a careful start: what became of its first group, from the tallies."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from campaigns.careful_start import Seen, Settings, Verdict, judge
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from reputation.queries import totals
from reputation.queries.totals import Counts
from sending.enums import REST, Bucket


@dataclass(frozen=True, slots=True)
class Careful:
    """For the live page: the settings, what is seen, what is thought of it now, what was decided; who waits."""

    settings: Settings
    seen: Seen
    verdict: Verdict
    outcome: str
    why: str
    rest: int
    until: datetime | None

    @property
    def is_over(self) -> bool:
        return self.outcome == "go"


def seen(campaign: Campaign, counts: Counts | None = None) -> Seen:
    """What became of the first group so far. Those who are skipped belong to no group."""
    assert campaign.mailing_id is not None
    first = counts if counts is not None else totals.by_variant(campaign.mailing_id).get(0, Counts())
    began = campaign.leaves_at or campaign.launched_at or timezone.now()
    return Seen(
        people=first.audience - first.of(Bucket.SUPPRESSED),
        answered=first.attempted + first.of(Bucket.FAILED),
        bounced=first.of(Bucket.BOUNCED),
        complained=first.complaints,
        minutes=(timezone.now() - began).total_seconds() / 60,
    )


def of(campaign: Campaign) -> Careful | None:
    """The careful start of a campaign that is on its way; None when it has none, or is over with."""
    settings = Settings.of(campaign.canary)
    if settings is None or campaign.mailing_id is None:
        return None
    if campaign.state not in (CampaignState.HOLDING, CampaignState.SENDING, CampaignState.PAUSED):
        return None
    counts = totals.by_variant(campaign.mailing_id)
    found = seen(campaign, counts.get(0, Counts()))
    outcome = campaign.canary.get("outcome", {})
    return Careful(
        settings=settings,
        seen=found,
        verdict=judge(settings, found),
        outcome=outcome.get("word", ""),
        why=outcome.get("why", ""),
        rest=counts.get(REST, Counts()).audience,
        until=campaign.leaves_at + timedelta(minutes=settings.minutes) if campaign.leaves_at else None,
    )
