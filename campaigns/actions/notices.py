"""Mail to colleagues about a campaign: somebody is asked, somebody decided, something stopped by itself.

Stored in the transaction of what it tells about, so that neither is there without the other.
"""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse

from accounts.enums import Role
from accounts.models import Membership, User
from campaigns.models import Campaign
from contacts import ports


def tell(*, campaign: Campaign, people: Iterable[User | None], subject: str, text: str) -> int:
    """Write to those of these people who still belong to the organization; gives how many."""
    ids = {person.pk for person in people if person is not None}
    house = campaign.organization.name
    members = Membership.objects.filter(organization=campaign.organization, user_id__in=ids, user__is_active=True)
    told = 0
    for member in members.select_related("user").order_by("pk"):
        ports.post.send(
            organization=campaign.organization,
            brand=campaign.brand,
            to=member.user.email,
            subject=subject,
            text=f"{text}\n\n{_address(campaign)}\n\nYou get this because you belong to {house} on Posthouse.\n",
        )
        told += 1
    return told


def admins(campaign: Campaign) -> list[User]:
    """Whom to tell when nobody else is left."""
    found = Membership.objects.filter(organization=campaign.organization, role__gte=Role.ADMIN)
    return [member.user for member in found.select_related("user").order_by("pk")]


def owners_of(campaign: Campaign) -> list[User]:
    """Those who answer for a campaign: who launched it and who wrote it; the admins when both are gone."""
    ids = [campaign.launched_by_id, campaign.created_by_id]
    found = Membership.objects.filter(organization=campaign.organization, user_id__in=[one for one in ids if one])
    return [member.user for member in found.select_related("user").order_by("pk")] or admins(campaign)


def _address(campaign: Campaign) -> str:
    path = reverse(
        "campaigns:campaign", kwargs={"org": campaign.organization.public_id, "campaign": campaign.public_id}
    )
    return f"{settings.BASE_URL}{path}"
