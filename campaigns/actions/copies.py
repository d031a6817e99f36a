"""A new draft made of a campaign: a duplicate that nothing of the old one can touch; a resend or a correction of a send."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.actions import audit
from accounts.models import User
from campaigns.actions import designs
from campaigns.actions import variants as versions
from campaigns.enums import CampaignKind, ParentPeople
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign
from campaigns.queries import follow_ups, variants

# When it leaves, approvals and what was ticked belong to one launch: they are not copied.
COPIED = (
    *("brand", "subject", "preheader", "from_name", "from_local", "domain", "reply_to", "topic", "segment"),
    *("excluded_segment", "utm", "tags", "notes", "undo_minutes"),
)
_NAMES = {CampaignKind.RESEND: "Resend of", CampaignKind.CORRECTION: "Correction of"}


@transaction.atomic
def duplicate(*, campaign: Campaign, actor: User) -> Campaign:
    """A draft with its own copy of the content, and of the versions that it tests. A resend or correction becomes an ordinary
    campaign."""
    made = _copy(campaign, actor, name=f"Copy of {campaign.name}"[:200])
    if campaign.test.get("share"):
        versions.copy_to(campaign=campaign, made=made, actor=actor)
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_duplicated",
        target=made,
        data={"from": campaign.public_id},
    )
    return made


@transaction.atomic
def follow_up(
    *, campaign: Campaign, kind: CampaignKind, people: Sequence[ParentPeople], subject: str, actor: User
) -> Campaign:
    """A draft to some of those who got a campaign: a resend or a correction, with its content and another subject.

    Of an A/B test that was decided it has the winner's content. Who its people are is settled when it is frozen.
    Raises Unlawful when the campaign was not sent, Refused when nobody is chosen, or people whom this kind is not for.
    """
    if not follow_ups.may_follow(campaign):
        raise Unlawful("Nothing of this campaign has been sent yet, so nothing can follow it.")
    chosen = [each for each in follow_ups.PEOPLE[kind] if each in people]
    if not chosen or len(chosen) != len(set(people)):
        raise Refused("Choose whom it is for.")
    winner = variants.version(campaign, campaign.test.get("winner", 0))
    as_sent = winner.campaign if winner is not None else campaign
    made = _copy(
        as_sent,
        actor,
        name=f"{_NAMES[kind]} {campaign.name}"[:200],
        subject=subject,
        kind=kind,
        parent=campaign,
        parent_people=[each.value for each in chosen],
    )
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.follow_up_made",
        target=made,
        data={"of": campaign.public_id, "kind": kind.value, "people": [each.value for each in chosen]},
    )
    return made


def _copy(campaign: Campaign, actor: User, **own: Any) -> Campaign:
    design = campaign.design
    made = Campaign.objects.create(
        organization=campaign.organization,
        created_by=actor,
        **{**{name: getattr(campaign, name) for name in COPIED}, **own},
    )
    if design is not None:
        made.design = designs.copy_for_campaign(
            design_name=design.name, mjml=design.mjml, campaign=made, actor=actor, origin=design.origin
        )
        made.save(update_fields=["design"])
    return made
