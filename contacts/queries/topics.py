"""Topics with how many people are subscribed to them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q

from accounts.models import Organization
from contacts.enums import SubscriptionState
from contacts.models import Subscription, Topic


def listed(organization: Organization, *, archived: bool = False) -> list[Topic]:
    """Topics by name; each has `.subscribed`, `.waiting` (for their confirmation) and `.left`."""
    topics = list(
        Topic.objects.filter(organization=organization, archived_at__isnull=not archived)
        .select_related("brand")
        .order_by("name")
    )
    counts = {
        row["topic_id"]: row
        for row in Subscription.objects.filter(topic__in=topics)
        .values("topic_id")
        .annotate(
            subscribed=Count("pk", filter=Q(state=SubscriptionState.SUBSCRIBED)),
            waiting=Count("pk", filter=Q(state=SubscriptionState.PENDING)),
            left=Count("pk", filter=Q(state=SubscriptionState.UNSUBSCRIBED)),
        )
    }
    for topic in topics:
        row: Mapping[str, Any] = counts.get(topic.pk, {})
        for name in ("subscribed", "waiting", "left"):
            setattr(topic, name, row.get(name, 0))
    return topics


def choices(organization: Organization) -> list[Topic]:
    """Topics that can be chosen, by name."""
    return list(Topic.objects.filter(organization=organization, archived_at=None).order_by("name"))
