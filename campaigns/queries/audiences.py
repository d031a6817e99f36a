"""Whom a campaign is for: the people of its topic and segments; of a resend or a correction, those of them who are the chosen
people of the send that it follows. As SQL, in numbers, and in words.
"""

from campaigns.models import Campaign
from campaigns.queries import follow_ups
from contacts.queries import audience
from contacts.queries.audience import Count
from contacts.segments.sql import Sql
from contacts.segments.tree import BadDefinition


def select(campaign: Campaign) -> Sql | None:
    """The audience as one SELECT, like contacts.queries.audience.select; None without a topic.

    What people did with the earlier send is looked up when it is asked: who has opened meanwhile is not in it.
    Raises segments.tree.BadDefinition.
    """
    if campaign.topic is None:
        return None
    chosen = audience.select(
        organization=campaign.organization,
        topic=campaign.topic,
        segment=campaign.segment,
        excluded=campaign.excluded_segment,
    )
    only = follow_ups.people_of_parent(campaign)
    if only is None:
        return chosen
    return Sql(
        f"SELECT a.* FROM ({chosen.text}) a JOIN ({only.text}) earlier ON earlier.contact_id = a.contact_id",
        (*chosen.params, *only.params),
    )


def count(campaign: Campaign) -> Count | None:
    """How many it is for now, and how many of them will be skipped. Raises segments.tree.BadDefinition."""
    chosen = select(campaign)
    return audience.counted(chosen) if chosen is not None else None


def size(campaign: Campaign) -> int | None:
    """How many it is for now, those who will be skipped included; None when that cannot be understood (any more)."""
    try:
        found = count(campaign)
    except BadDefinition:
        return None
    return found.people if found is not None else None


def in_words(campaign: Campaign) -> str:
    """Who that is; "" when it cannot be understood (any more)."""
    if campaign.topic is None:
        return ""
    try:
        words = audience.in_words(
            organization=campaign.organization,
            topic=campaign.topic,
            segment=campaign.segment,
            excluded=campaign.excluded_segment,
        )
    except BadDefinition:
        return ""
    earlier = follow_ups.in_words(campaign)
    return f"{words}, and of them only those {earlier}" if earlier else words
