"""Whom a campaign is for: how many now, and in words. None and "" when that cannot be understood (any more)."""

from campaigns.models import Campaign
from contacts.queries import audience
from contacts.segments.tree import BadDefinition


def size(campaign: Campaign) -> int | None:
    """How many it is for now, those who will be skipped included."""
    if campaign.topic is None:
        return None
    try:
        return audience.count(
            organization=campaign.organization,
            topic=campaign.topic,
            segment=campaign.segment,
            excluded=campaign.excluded_segment,
        ).people
    except BadDefinition:
        return None


def in_words(campaign: Campaign) -> str:
    """Who that is."""
    if campaign.topic is None:
        return ""
    try:
        return audience.in_words(
            organization=campaign.organization,
            topic=campaign.topic,
            segment=campaign.segment,
            excluded=campaign.excluded_segment,
        )
    except BadDefinition:
        return ""
