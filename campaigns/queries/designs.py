"""Reading designs."""

from django.db.models import QuerySet

from accounts.models import Organization
from campaigns.models import Campaign, Design


def templates(organization: Organization) -> QuerySet[Design]:
    """The gallery: the last edited first, without the sources."""
    return (
        Design.objects.filter(organization=organization, is_template=True, archived_at=None)
        .select_related("saved_by")
        .defer("mjml")
        .order_by("-updated_at", "-id")
    )


def campaign_of(design: Design) -> Campaign | None:
    """The campaign whose content this is."""
    return (
        None
        if design.is_template
        else Campaign.objects.filter(design=design).select_related("brand", "organization").first()
    )
