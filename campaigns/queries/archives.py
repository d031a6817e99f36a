"""A brand's public archive: campaigns that were sent and that somebody made public, as anybody may read them."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache

from accounts.models import Brand
from accounts.tenancy import cross_tenant
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import as_sent, variants
from sending.merging import Merged, header_line
from sending.models import Letter
from sending.queries import link_changes

PER_PAGE = 20
IN_FEED = 20
SUMMARY = 300  # characters
REMEMBER = 24 * 3600  # seconds; a letter never changes


@dataclass(frozen=True, slots=True)
class Issue:
    """One mail of an archive. `title` is its subject, `summary` how it begins."""

    id: int
    public_id: str
    title: str
    summary: str
    at: datetime


def organization_of(brand: str) -> int | None:
    """The id of the organization whose brand this is: an archive's address does not name it. Not inside of a scope."""
    with cross_tenant("an archive is found by its brand's public id alone"):
        return Brand.objects.filter(public_id=brand).values_list("organization_id", flat=True).first()


def issues(brand: Brand, *, before: int | None = None, most: int = PER_PAGE) -> tuple[list[Issue], int | None]:
    """The newest first, and the cursor of the next page."""
    found = _public(brand).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    some = list(found[: most + 1])
    shown = [_issue(campaign) for campaign in some[:most]]
    return shown, shown[-1].id if len(some) > most else None


def mail(brand: Brand, public_id: str) -> Merged | None:
    """One of them, with the fallbacks in the place of people's values."""
    found = _public(brand).filter(public_id=public_id).first()
    letter = variants.sent_letter(found) if found is not None else None
    if found is None or found.mailing is None or letter is None:
        return None
    links = link_changes.destinations(letter, found.mailing.pk)
    return as_sent.for_anybody(letter, links=links, topic=found.topic.name if found.topic else "")


def address_of(brand: Brand, rest: str = "") -> str:
    """Where the archive is, on the brand's link host."""
    return f"{brand.link_base}/archive/{brand.public_id}{rest}"


def _public(brand: Brand):  # type: ignore[no-untyped-def]
    return Campaign.objects.select_related("mailing__letter__organization", "topic").filter(
        brand=brand, is_public=True, state=CampaignState.FINISHED, mailing__letter__isnull=False
    )


def _issue(campaign: Campaign) -> Issue:
    letter = variants.sent_letter(campaign)
    assert campaign.mailing is not None and letter is not None  # the query asked
    key = f"campaigns.archive.{letter.public_id}"
    told = cache.get(key)
    if told is None:
        told = _in_short(letter, topic=campaign.topic.name if campaign.topic else "")
        cache.set(key, told, REMEMBER)
    title, summary = told
    return Issue(campaign.pk, campaign.public_id, title, summary, campaign.launched_at or campaign.mailing.created_at)


def _in_short(letter: Letter, *, topic: str) -> tuple[str, str]:
    """Subject and beginning. Making the mail of each line anew is work that anybody could ask for, without end."""
    merged = as_sent.for_anybody(letter, topic=topic)
    words = header_line(merged.text)
    summary = header_line(letter.preheader) if "{" not in letter.preheader else ""
    if not summary:
        summary = words if len(words) <= SUMMARY else words[:SUMMARY].rsplit(" ", 1)[0] + "…"
    return header_line(merged.subject) or "Mail", summary
