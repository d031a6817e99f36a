"""Reading designs."""

from django.db.models import QuerySet

from accounts.models import Organization
from campaigns.models import Campaign, Design
from campaigns.queries import variants


def templates(organization: Organization) -> QuerySet[Design]:
    """The gallery: the last edited first, without the sources."""
    return (
        Design.objects.filter(organization=organization, is_template=True, archived_at=None)
        .select_related("saved_by")
        .defer("mjml")
        .order_by("-updated_at", "-id")
    )


def campaign_of(design: Design) -> Campaign | None:
    """The campaign whose content this is; of a version of a test, the campaign as that version has it (saved nowhere)."""
    if design.is_template:
        return None
    found = Campaign.objects.filter(design=design).select_related("brand", "organization").first()
    if found is not None:
        return found
    version = variants.version_of(design)
    return version.campaign if version is not None else None
