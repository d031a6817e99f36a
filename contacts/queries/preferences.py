"""What people chose instead of leaving: how many paused, and how many get mail less often."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Organization
from contacts.enums import Cap
from contacts.models import Contact, Preference, Suppression


@dataclass(frozen=True, slots=True)
class Kept:
    """People who stay and get less: each counted once in `people`. Who left everything is in none of them."""

    people: int
    paused: int
    weekly: int
    monthly: int


def kept(organization: Organization) -> Kept:
    """How many of an organization's people paused or want mail less often, and have not left all the same."""
    now = timezone.now()
    left = Suppression.objects.filter(
        organization=organization, address_key=OuterRef("contact__address_key"), lifted_at=None, topic=None
    )
    row = (
        Preference.objects.filter(organization=organization, contact__erased_at=None, contact__archived_at=None)
        .exclude(Exists(left))
        .aggregate(
            people=Count("pk", filter=Q(paused_until__gt=now) | ~Q(cap="")),
            paused=Count("pk", filter=Q(paused_until__gt=now)),
            weekly=Count("pk", filter=Q(cap=Cap.WEEKLY)),
            monthly=Count("pk", filter=Q(cap=Cap.MONTHLY)),
        )
    )
    return Kept(**row)


def of(contact: Contact) -> Preference | None:
    """What one person chose; None for nearly everybody."""
    return Preference.objects.filter(contact=contact).first()
