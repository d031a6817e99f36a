"""Reading saved blocks."""

from django.db.models import QuerySet

from accounts.models import Organization
from campaigns.models import Block


def saved(organization: Organization, *, archived: bool = False) -> QuerySet[Block]:
    """The blocks that can be put into designs, by name."""
    found = Block.objects.filter(organization=organization, archived_at__isnull=not archived)
    return found.select_related("saved_by").order_by("name", "id")
