"""Tags with how many people carry them."""

from django.db.models import Count

from accounts.models import Organization
from contacts.models import Contact, Tag, Tagging


def listed(organization: Organization) -> list[Tag]:
    """By name; each has `.people`."""
    rows = list(Tag.objects.filter(organization=organization).order_by("name"))
    counts = dict(
        Tagging.objects.filter(tag__in=rows).values("tag_id").annotate(n=Count("pk")).values_list("tag_id", "n")
    )
    for tag in rows:
        tag.people = counts.get(tag.pk, 0)  # type: ignore[attr-defined]
    return rows


def of(contact: Contact) -> list[Tag]:
    """A person's tags, by name."""
    worn = Tagging.objects.filter(contact=contact).values("tag_id")
    return list(Tag.objects.filter(organization_id=contact.organization_id, pk__in=worn).order_by("name"))


def choices(organization: Organization, most: int = 200) -> list[str]:
    """Names to choose from, while one types."""
    return list(Tag.objects.filter(organization=organization).order_by("name").values_list("name", flat=True)[:most])
