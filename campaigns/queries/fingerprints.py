"""What exactly is approved: one hash over content, audience and timing. Another hash is another campaign."""

import hashlib
import json
from typing import Any

from campaigns import ab_testing
from campaigns.models import BrandKit, Campaign, Variant
from contacts.models import Segment
from contacts.queries import catalogue
from contacts.segments import nesting, tree
from contacts.segments.tree import BadDefinition

_OWN = (
    *(
        "name",
        "subject",
        "preheader",
        "from_name",
        "from_local",
        "reply_to",
        "utm",
        "kind",
        "parent_id",
        "parent_people",
    ),
    *("in_their_zone", "spread_minutes", "undo_minutes", "test"),
)
_OF_VARIANT = ("number", "subject", "preheader", "from_name", "delay_minutes")
_OF_CANARY = ("percent", "minutes", "bounces", "complaints", "go_on")


def of(campaign: Campaign) -> str:
    """SHA-256, in hex, of what would be sent now, to whom and when."""
    variants = Variant.objects.filter(campaign_id=campaign.pk).select_related("design").order_by("number")
    kit = BrandKit.objects.filter(brand_id=campaign.brand_id).values("colours", "fonts", "logo_id", "social").first()
    brand, organization = campaign.brand, campaign.organization
    facts: dict[str, Any] = {
        **{name: getattr(campaign, name) for name in _OWN},
        "canary": {name: campaign.canary.get(name) for name in _OF_CANARY},
        "test": ab_testing.choices(campaign.test),
        "start_at": campaign.start_at.isoformat() if campaign.start_at else "",
        "domain": campaign.domain.name if campaign.domain else "",
        "design": campaign.design.mjml if campaign.design else "",
        "variants": [
            [*(getattr(each, name) for name in _OF_VARIANT), each.design.mjml if each.design else ""]
            for each in variants
        ],
        "brand": [brand.name, brand.postal_address or organization.postal_address, kit],
        "topic": campaign.topic_id,
        "audience": [_asked(campaign, campaign.segment), _asked(campaign, campaign.excluded_segment)],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _asked(campaign: Campaign, segment: Segment | None) -> str:
    """The conditions of a segment with those of the segments in it: who changes one of these changes who gets it."""
    if segment is None:
        return ""
    try:
        known = catalogue.of(campaign.organization, {"rules": [segment.definition]})
        return repr(nesting.expand(tree.parse(segment.definition, known), known))
    except BadDefinition:
        return json.dumps(segment.definition, sort_keys=True, default=str)
