"""One person: how they stand to topics, what they agreed to, why nothing may be sent to them."""

from typing import Any

from contacts.enums import SubscriptionState
from contacts.models import ConsentRecord, Contact, Import, SignupForm, Subscription, Suppression, Topic


def standings(contact: Contact) -> list[dict[str, Any]]:
    """Every topic with how the person stands to it: topic, subscription or None, is_subscribed."""
    by_topic = {row.topic_id: row for row in Subscription.objects.filter(contact=contact)}
    topics = Topic.objects.filter(organization_id=contact.organization_id).order_by("name")
    return [
        {
            "topic": topic,
            "subscription": by_topic.get(topic.pk),
            "is_subscribed": topic.pk in by_topic and by_topic[topic.pk].state == SubscriptionState.SUBSCRIBED,
        }
        for topic in topics
        if topic.archived_at is None or topic.pk in by_topic
    ]


def consents(contact: Contact, most: int = 100) -> list[ConsentRecord]:
    """What they agreed to or refused, newest first."""
    return list(
        ConsentRecord.objects.filter(contact=contact).select_related("topic", "actor").order_by("-at", "-pk")[:most]
    )


def suppressions_of(contact: Contact) -> list[Suppression]:
    """Every entry of the do-not-send list about this address, lifted ones too, newest first."""
    return list(
        Suppression.objects.filter(organization_id=contact.organization_id, address_key=contact.address_key)
        .select_related("actor")
        .order_by("-pk")[:100]
    )


def origin(contact: Contact) -> dict[str, Any]:
    """How they came: words, and the import or the form if one brought them."""
    brought: Import | SignupForm | None = None
    if contact.import_id:
        brought = Import.objects.filter(pk=contact.import_id).first()
    elif contact.form_id:
        brought = SignupForm.objects.filter(pk=contact.form_id).first()
    words = {"import": "Import", "form": "Sign-up form", "manual": "Added by a member", "api": "API"}
    return {
        "words": words.get(contact.source, contact.source),
        "import_": brought if isinstance(brought, Import) else None,
        "form": brought if isinstance(brought, SignupForm) else None,
    }
