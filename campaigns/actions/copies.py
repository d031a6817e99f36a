"""Duplicate a campaign: a new draft that says the same to the same people, and that nothing of the old one can touch."""

from django.db import transaction

from accounts.actions import audit
from accounts.models import User
from campaigns.actions import designs
from campaigns.models import Campaign

# When it leaves, an A/B test, approvals and what was ticked belong to one launch: they are not copied.
COPIED = (
    *("brand", "subject", "preheader", "from_name", "from_local", "domain", "reply_to", "topic", "segment"),
    *("excluded_segment", "utm", "tags", "notes", "undo_minutes"),
)


@transaction.atomic
def duplicate(*, campaign: Campaign, actor: User) -> Campaign:
    """A draft with its own copy of the content. A resend or correction becomes an ordinary campaign."""
    made = Campaign.objects.create(
        organization=campaign.organization,
        name=f"Copy of {campaign.name}"[:200],
        created_by=actor,
        **{name: getattr(campaign, name) for name in COPIED},
    )
    if campaign.design is not None:
        made.design = designs.copy_for_campaign(
            design_name=campaign.design.name,
            mjml=campaign.design.mjml,
            campaign=made,
            actor=actor,
            origin=campaign.design.origin,
        )
        made.save(update_fields=["design"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_duplicated",
        target=made,
        data={"from": campaign.public_id},
    )
    return made
