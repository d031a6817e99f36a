"""Reading versions of a design."""

from django.db.models import QuerySet

from campaigns.models import Design, DesignVersion


def versions(design: Design) -> QuerySet[DesignVersion]:
    """The newest first, without the sources."""
    return DesignVersion.objects.filter(design=design).select_related("saved_by").defer("mjml").order_by("-version")
