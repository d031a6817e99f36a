"""Verbs of drafts: create, edit, choose the content, throw away."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.actions import audit
from accounts.models import Brand, Organization, User
from campaigns.actions import designs
from campaigns.enums import CampaignState
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign, Design, Variant
from contacts.models import Segment, Topic
from sending.models import SendingDomain

EDITABLE = (
    *("name", "topic", "segment", "excluded_segment", "domain", "from_name", "from_local", "reply_to", "subject"),
    *("preheader", "utm"),
)


@transaction.atomic
def create(
    *,
    organization: Organization,
    brand: Brand,
    name: str,
    actor: User | None,
    topic: Topic | None = None,
    segment: Segment | None = None,
    excluded_segment: Segment | None = None,
    domain: SendingDomain | None = None,
) -> Campaign:
    """A draft, with the brand's sender filled in."""
    campaign = Campaign.objects.create(
        organization=organization,
        brand=brand,
        name=_name(name),
        topic=topic,
        segment=segment,
        excluded_segment=excluded_segment,
        domain=domain,
        from_name=brand.from_name or brand.name,
        from_local=brand.from_local,
        reply_to=brand.reply_to,
        created_by=actor,
    )
    audit.record(organization=organization, actor=actor, verb="campaigns.campaign_created", target=campaign)
    return campaign


@transaction.atomic
def edit(*, campaign: Campaign, actor: User, **changes: Any) -> Campaign:
    """Change a draft: any of EDITABLE. It belongs to its topic's brand. Raises Unlawful once it is launched."""
    campaign = draft(campaign)
    for name, value in changes.items():
        if name not in EDITABLE:
            raise ValueError(f"{name} cannot be edited")
        setattr(campaign, name, _name(value) if name == "name" else value)
    if campaign.topic is not None and campaign.topic.brand_id != campaign.brand_id:
        campaign.brand = campaign.topic.brand
        of_versions = Variant.objects.filter(campaign=campaign).values("design_id")
        Design.objects.filter(Q(pk=campaign.design_id) | Q(pk__in=of_versions)).update(brand=campaign.brand)
    # What was ticked was ticked for what it was.
    campaign.accepted_warnings = []
    campaign.problem = ""
    campaign.save(update_fields=[*changes, "brand", "accepted_warnings", "problem", "updated_at"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_edited",
        target=campaign,
        data={"changed": sorted(changes)},
    )
    return campaign


@transaction.atomic
def choose_content(*, campaign: Campaign, name: str, mjml: str, actor: User, origin: Design | None = None) -> Design:
    """Give a draft a copy of a template. What it had before stays in the gallery's reach as an archived copy."""
    campaign = draft(campaign)
    campaign.design = designs.copy_for_campaign(
        design_name=name, mjml=mjml, campaign=campaign, actor=actor, origin=origin
    )
    campaign.accepted_warnings = []
    campaign.save(update_fields=["design", "accepted_warnings", "updated_at"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.content_chosen",
        target=campaign,
        data={"template": name},
    )
    return campaign.design


@transaction.atomic
def discard(*, campaign: Campaign, actor: User) -> None:
    """Throw a draft away. What has been launched stays: its people must be findable."""
    campaign = draft(campaign)
    audit.record(organization=campaign.organization, actor=actor, verb="campaigns.campaign_discarded", target=campaign)
    left_behind = list(Design.objects.filter(pk__in=Variant.objects.filter(campaign=campaign).values("design_id")))
    if campaign.design is not None:
        left_behind.append(campaign.design)
    campaign.delete()
    for design in left_behind:
        design.delete()


def draft(campaign: Campaign) -> Campaign:
    """The campaign, locked. Raises Unlawful unless it is a draft."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if campaign.state != CampaignState.DRAFT:
        raise Unlawful("This campaign has been started. What was sent cannot be changed any more.")
    return campaign


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())[:200]
    if not name:
        raise Refused("Give the campaign a name.")
    return name
