"""Reading the media library."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet, Sum

from accounts.models import Organization
from campaigns.models import Design, Media
from campaigns.pictures import WIDTHS

LOOKED_THROUGH = 2_000  # designs whose pictures are counted: the last edited


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes used and allowed."""

    used: int
    allowed: int

    @property
    def percent(self) -> int:
        return min(100, round(self.used * 100 / self.allowed))


def pictures(organization: Organization, *, words: str = "", archived: bool = False) -> QuerySet[Media]:
    """The newest first; `words` are looked for in name and alt text."""
    found = Media.objects.filter(organization=organization, archived_at__isnull=not archived)
    for word in words.replace("\x00", "").split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(alt__icontains=word))
    return found.select_related("uploaded_by").order_by("-id")


def address(media: Media, width: int = 0) -> str:
    """As designs say it: from the root of this house. `width`: of a narrower copy, where there is one."""
    name = str(media.file)
    if width in WIDTHS and media.width > width and not (media.content_type == "image/gif" and width != 320):
        stem, _, suffix = name.rpartition(".")
        name = f"{stem}-{width}.{suffix}"
    return f"{settings.MEDIA_URL}{name}"


def room(organization: Organization) -> Room:
    """How much of its storage the organization has used."""
    used = Media.objects.filter(organization=organization).aggregate(n=Sum("size"))["n"] or 0
    return Room(used, settings.MEDIA_QUOTA_MB * 1024 * 1024)


def uses(organization: Organization) -> dict[str, int]:
    """In how many designs each picture stands, by its name without ending; of the last edited designs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT found.name, count(DISTINCT d.id) FROM (SELECT id, mjml FROM campaigns_design WHERE organization_id = %s"
            " ORDER BY updated_at DESC LIMIT %s) d, LATERAL (SELECT (regexp_matches(d.mjml, %s, 'g'))[1] AS name) found"
            " GROUP BY found.name",
            [organization.pk, LOOKED_THROUGH, rf"/media/{organization.public_id}/([0-9a-f]{{32}})"],
        )
        return dict(cursor.fetchall())


def designs_with(media: Media) -> QuerySet[Design]:
    """Where the picture stands."""
    return (
        Design.objects.filter(organization=media.organization, mjml__contains=media.sha256[:32])
        .defer("mjml")
        .order_by("-updated_at", "-id")
    )
