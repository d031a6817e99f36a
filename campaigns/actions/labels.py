"""Verbs of what colleagues put on a campaign, before and after it is sent: tags, notes, whether the public may read it."""

from collections.abc import Iterable

from django.db import transaction

from accounts.actions import audit
from accounts.models import User
from campaigns.errors import Refused
from campaigns.models import Campaign

MOST_TAGS = 20
MOST_TAG = 40  # characters
MOST_NOTES = 10_000


@transaction.atomic
def label(*, campaign: Campaign, tags: Iterable[str], notes: str, is_public: bool, actor: User | None) -> Campaign:
    """Set all three. Raises Refused for too many or too long tags; the same tag in two spellings is one."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    cleaned = _cleaned(tags)
    before = (campaign.tags, campaign.notes, campaign.is_public)
    campaign.tags, campaign.notes, campaign.is_public = (
        cleaned,
        notes.replace("\x00", "").strip()[:MOST_NOTES],
        is_public,
    )
    if before == (campaign.tags, campaign.notes, campaign.is_public):
        return campaign
    campaign.save(update_fields=["tags", "notes", "is_public", "updated_at"])
    audit.record(
        organization=campaign.organization,
        actor=actor,
        verb="campaigns.campaign_labelled",
        target=campaign,
        data={"tags": campaign.tags, "public": [before[2], is_public]},
    )
    return campaign


def _cleaned(tags: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for tag in tags:
        tag = " ".join("".join(character for character in tag if character.isprintable()).split())
        if len(tag) > MOST_TAG:
            raise Refused(f"“{tag[:MOST_TAG]}…” is too long for a tag: {MOST_TAG} characters are allowed.")
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise Refused(f"{len(found)} tags are too many: {MOST_TAGS} are allowed.")
    return list(found.values())
