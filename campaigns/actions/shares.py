"""Verbs of shared reports: make a link, take it back."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from campaigns.errors import Refused
from campaigns.models import Campaign, ReportShare

MOST = 50  # links of one campaign that open at the same time


@transaction.atomic
def share(*, campaign: Campaign, ends_at: datetime | None, actor: User | None) -> ReportShare:
    """A link to the report. Raises Refused before the launch, for an end that is past, and when there are too many."""
    if campaign.mailing_id is None:
        raise Refused("There is no report before the campaign is sent.")
    if ends_at is not None and ends_at <= timezone.now():
        raise Refused("This day is past. Choose a later one, or none.")
    if ReportShare.objects.filter(campaign=campaign, revoked_at=None).count() >= MOST:
        raise Refused(f"There are {MOST} links to this report. Take one back first.")
    made = ReportShare.objects.create(
        organization=campaign.organization, campaign=campaign, made_by=actor, ends_at=ends_at
    )
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.report_shared",
        target=campaign,
        data={"until": ends_at.isoformat() if ends_at else "revoked"},
    )
    return made


@transaction.atomic
def revoke(*, campaign: Campaign, public_id: str, actor: User | None) -> bool:
    """Take a link back; whether there was one. It opens nothing from this moment on."""
    done = ReportShare.objects.filter(campaign=campaign, public_id=public_id, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if done:
        audit.record(
            organization=campaign.organization, actor=actor, verb="campaigns.report_share_revoked", target=campaign
        )
    return bool(done)
