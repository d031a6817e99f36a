"""Tells segments where the facts about mail lie (contacts/ports.py): the ledger, what people did, and learned providers."""

from collections.abc import Mapping, Sequence

from contacts.segments.knowledge import Deed, Mail, Send
from sending.enums import DeliveryState, StreamKind
from sending.models import DomainProvider, Mailing

# Meant for them and neither skipped nor cancelled: who is about to get it counts as sent, or a second campaign that leaves
# them out would reach them while the first is on its way.
_SENT = ", ".join(
    f"{state:d}"
    for state in DeliveryState
    if state not in (DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.FAILED)
)


def _of_ledger(holds: str) -> Deed:
    return Deed("sending_delivery d", "d.contact_id", "d.mailing_id", holds)


def _of_engagement(column: str) -> Deed:
    return Deed("sending_engagement e", "e.contact_id", "e.mailing_id", f"e.{column} IS NOT NULL", f"e.{column}")


FACTS = Mail(
    deeds={
        "sent": _of_ledger(f"d.state IN ({_SENT})"),
        "delivered": _of_ledger(f"d.state = {DeliveryState.DELIVERED:d}"),
        "bounced": _of_ledger(f"d.state IN ({DeliveryState.BOUNCED:d}, {DeliveryState.EXPIRED:d})"),
        "opened": _of_engagement("opened_at"),
        "clicked": _of_engagement("clicked_at"),
        "unsubscribed": _of_engagement("unsubscribed_at"),
        "complained": _of_engagement("complained_at"),
    },
    hits="sending_engagement e",
    contact="e.contact_id",
    mailing="e.mailing_id",
    opened="e.opened_at",
    clicked="e.clicked_at",
    homes="sending_domainprovider",
)


class BehaviourAnswers:
    """Plugged in by posthouse/wiring.py."""

    def facts(self) -> Mail:
        return FACTS

    def campaigns(self, *, organization_id: int) -> Mapping[str, Send]:
        """Marketing mail only; tests and app mail are nobody's campaign."""
        rows = (
            Mailing.objects.filter(
                organization_id=organization_id, stream__kind=StreamKind.MARKETING, sealed_at__isnull=False
            )
            .order_by("-sealed_at", "-pk")
            .values_list("public_id", "pk", "name", "sealed_at")
        )
        return {public_id: Send(pk, name, at) for public_id, pk, name, at in rows if at is not None}

    def providers(self) -> Sequence[str]:
        return list(DomainProvider.objects.order_by("provider").values_list("provider", flat=True).distinct())
