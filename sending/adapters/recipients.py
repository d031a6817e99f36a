"""Answers contacts' questions about the mail behind a link (contacts/ports.py)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contacts.ports import Forgotten
from sending.actions import engagement, forgetting
from sending.adapters import less_often
from sending.enums import DeliveryState
from sending.models import Delivery, Engagement
from sending.queries import held
from sending.tracking.about import delivery_of

BEHIND = """
SELECT m.topic_id, l.brand_id, coalesce(l.subject, '') AS subject FROM sending_delivery d
JOIN sending_mailing m ON m.id = d.mailing_id LEFT JOIN sending_letter l ON l.id = m.letter_id
WHERE d.id = %s::bigint
"""


class MailAnswers:
    """Plugged in by posthouse/wiring.py."""

    def behind(self, *, about: str) -> tuple[str, list[Any]]:
        return BEHIND, [delivery_of(about)]

    def left(self, *, about: str) -> None:
        if (delivery_id := delivery_of(about)) is not None:
            engagement.unsubscribed(delivery_id=delivery_id)

    def came_back(self, *, about: str) -> None:
        if (delivery_id := delivery_of(about)) is not None:
            engagement.came_back(delivery_id=delivery_id)

    def mailed(self, *, ids: Sequence[int]) -> set[int]:
        return set(
            Delivery.objects.filter(contact_id__in=ids).order_by().values_list("contact_id", flat=True).distinct()
        )

    def refused(self, *, ids: Sequence[int], since: datetime) -> tuple[list[int], list[int]]:
        ours = Delivery.objects.filter(contact_id__in=ids).order_by()
        bounced = ours.filter(state=DeliveryState.BOUNCED, changed_at__gt=since)
        complained = Engagement.objects.filter(pk__in=ours.values("pk"), complained_at__gt=since).order_by()
        return (
            list(bounced.values_list("contact_id", flat=True).distinct()),
            [pk for pk in complained.values_list("contact_id", flat=True).distinct() if pk is not None],
        )

    def has_had_enough(self, *, contact: str, cap: str) -> str:
        return less_often.has_had_enough(contact=contact, cap=cap)

    def held(self, *, contact_id: int, address: str) -> list[dict[str, Any]]:
        return held.messages(contact_id=contact_id, address=address)

    def forget(self, *, organization_id: int, contact_id: int, addresses: Sequence[str]) -> Forgotten:
        return forgetting.forget(organization_id=organization_id, contact_id=contact_id, addresses=addresses)
