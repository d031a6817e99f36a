"""When a campaign leaves: choose it in a draft, start what is due, give up what could not be started.

A scheduled campaign waits in its row's state. Its content is frozen already, its audience is not: that is written down
shortly before the time, so that the first mail leaves to the second. It is checked once more then, because nobody looks.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns.actions import campaigns, launches, notices
from campaigns.enums import CampaignState, Decision
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.queries import approvals, checklist, fingerprints, moments
from contacts.segments.tree import BadDefinition

MOST_UNDO, MOST_SPREAD, MOST_AHEAD = 60, 7 * 24 * 60, timedelta(days=366)  # minutes, minutes


@transaction.atomic
def choose(
    *,
    campaign: Campaign,
    actor: User,
    start_at: datetime | None = None,
    in_their_zone: bool = False,
    spread_minutes: int = 0,
    undo_minutes: int = 5,
    canary: dict[str, Any] | None = None,
) -> Campaign:
    """Set when and how carefully a draft leaves. Raises Unlawful once it is no draft, Refused for what makes no sense."""
    campaign = campaigns.draft(campaign)
    if canary and campaign.test.get("share"):
        raise Refused(
            "This campaign tests versions, and both would decide about the others. Turn the careful start off, or give up the test."
        )
    if start_at is not None and start_at > timezone.now() + MOST_AHEAD:
        raise Refused("Choose a time within the next twelve months.")
    if start_at is not None and start_at < timezone.now() - timedelta(days=1):
        raise Refused("This time is over. Choose a later one, or send it now.")
    if not 0 <= undo_minutes <= MOST_UNDO or not 0 <= spread_minutes <= MOST_SPREAD:
        raise Refused("The time to take it back is 60 minutes at most, and it can be spread over 7 days at most.")
    chosen = {
        "start_at": start_at,
        "in_their_zone": in_their_zone and start_at is not None,
        "spread_minutes": spread_minutes,
        "undo_minutes": undo_minutes,
        "canary": dict(canary or {}),
    }
    changed = [name for name, value in chosen.items() if getattr(campaign, name) != value]
    if changed:
        for name in changed:
            setattr(campaign, name, chosen[name])
        campaign.save(update_fields=[*changed, "updated_at"])
        audit.record(
            organization=campaign.organization,
            actor=actor,
            verb="campaigns.timing_chosen",
            target=campaign,
            data={name: str(chosen[name]) for name in changed},
        )
    return campaign


@transaction.atomic
def start(*, campaign: Campaign) -> bool:
    """Start a scheduled campaign whose time is near; True when a worker shall freeze its audience now.

    What cannot be sent any more goes back to the drafts with the reason, and those who answer for it are told.
    """
    held = (
        Campaign.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization")
        .filter(pk=campaign.pk, state=CampaignState.SCHEDULED)
        .first()
    )
    now = timezone.now()
    if held is None or held.leaves_at is None or held.leaves_at - moments.lead(held) > now:
        return False
    trouble = _trouble(held, now)
    if trouble:
        people = notices.owners_of(held)
        launches.back_to_draft(held, problem=f"{trouble} Nothing was sent.")
        audit.record(
            organization=held.organization, verb="campaigns.schedule_failed", target=held, data={"why": trouble}
        )
        notices.tell(
            campaign=held,
            people=people,
            subject=f"Not sent: {held.name}",
            text=f"“{held.name}” was scheduled and did not leave.\n{trouble}\nIt is a draft again; nothing was sent.",
        )
        return False
    held.leaves_at = max(held.leaves_at, now)
    launches.move(held, CampaignState.LAUNCHING, "leaves_at")
    # What is swept is told from what was started a moment ago by the time of this.
    Campaign.objects.filter(pk=held.pk).update(launched_at=Now())
    audit.record(organization=held.organization, verb="campaigns.campaign_launched", target=held)
    return True


def _trouble(campaign: Campaign, now: datetime) -> str:
    """Why a scheduled campaign must not leave; "" when it may."""
    assert campaign.leaves_at is not None
    if campaign.leaves_at + moments.LATEST < now:
        hours = int(moments.LATEST.total_seconds() // 3600)
        return f"Its time passed more than {hours} hours ago while Posthouse was not running."
    approval = approvals.last(campaign)
    if (
        campaign.organization.needs_approval
        and approval is not None
        and approval.decision == Decision.APPROVED
        and approval.fingerprint != fingerprints.of(campaign)
    ):
        return "Its audience, sender or brand was changed after it was approved. Ask for approval again."
    try:
        stops = [result for result in checklist.results(campaign) if result.status == "fail"]
    except BadDefinition as error:
        return str(error)
    return " ".join(f"{result.title}: {result.evidence}" for result in stops)
