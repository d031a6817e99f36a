"""The do-not-send list as a page: newest first, or the addresses that begin in one way."""

from dataclasses import dataclass

from accounts.models import Organization
from contacts.models import Suppression

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Suppression]
    next: int | None = None
    previous: int | None = None


def page(
    organization: Organization,
    *,
    text: str = "",
    reason: str = "",
    lifted: bool = False,
    after: int | None = None,
    before: int | None = None,
) -> Page:
    """Entries that stand (or that were lifted), newest first; `text` is the beginning of the address."""
    rows = Suppression.objects.filter(organization=organization, lifted_at__isnull=not lifted).select_related("actor")
    prefix = text.strip().lower().replace("\x00", "")[:320]
    if prefix:
        rows = rows.filter(address_key__gte=prefix, address_key__lt=prefix + "\U0010ffff")
    if reason:
        rows = rows.filter(reason=reason)
    newer = before is not None
    if newer:
        found = list(rows.filter(pk__gt=before).order_by("pk")[: PAGE + 1])
    else:
        found = list((rows.filter(pk__lt=after) if after is not None else rows).order_by("-pk")[: PAGE + 1])
    more, found = len(found) > PAGE, sorted(found[:PAGE], key=lambda row: -row.pk)
    has_newer, has_older = (more, True) if newer else (after is not None, more)
    return Page(
        found,
        next=found[-1].pk if found and has_older else None,
        previous=found[0].pk if found and has_newer else None,
    )


def count(organization: Organization) -> int:
    return Suppression.objects.filter(organization=organization, lifted_at=None).count()
