"""What is learnt of a message after it left: a late bounce, a receipt, a complaint, an opt-out by mail.

Policy: evidence may settle what is unconfirmed and may turn delivered into bounced; it never touches what is still queued or
was skipped. Repeated evidence changes nothing. Each verb is one transaction: the ledger's row, its tallies, the event, and
what contacts must know. Call them inside of the tenant's scope.
"""

import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from contacts.actions import subscriptions, suppressions
from contacts.enums import ConsentSource, SuppressionReason
from contacts.models import Topic
from contacts.queries import merged
from sending.actions import engagement, held_bounces
from sending.enums import ERASED_PREFIX, Bucket, DeliveryState, EventKind, bucket_of
from sending.models import Delivery, Engagement, Event, Mailing, Tally
from sending.tracking.about import delivery_of

# The relay may not have written its result down yet when the other side's report comes in: it is theirs that counts then.
MAY_HAVE_LEFT = (
    DeliveryState.DELIVERED,
    DeliveryState.HANDED_OVER,
    DeliveryState.IN_DOUBT,
    DeliveryState.SENDING,
)
MAX_TEXT = 2_000
MOST_DELAYS = 20  # told of one message


@transaction.atomic
def bounced(
    *, delivery_id: int, code: str, text: str, reason: str, address_is_invalid: bool, source: str, likeness: str = ""
) -> bool:
    """A report says that a message could not be delivered after all. False when that changes nothing.

    `code` as "550 5.1.1"; `reason` the class of the reply; `source` who told us ("mailroom"); `likeness` of which wave of
    bounces it would be one (sending.judging.likeness): while that wave is open, a person decides about the address.
    """
    delivery = _locked(delivery_id)
    if delivery is None or delivery.state not in MAY_HAVE_LEFT:
        return False
    late = delivery.state == DeliveryState.DELIVERED
    _move(delivery, DeliveryState.BOUNCED, code=code, reason=reason)
    _event(delivery, EventKind.LATE_BOUNCE if late else EventKind.BOUNCED, code=code, text=text)
    costs_the_address = address_is_invalid and not delivery.address.startswith(ERASED_PREFIX)
    if costs_the_address and not held_bounces.hold(delivery=delivery, code=code, text=text, likeness=likeness):
        suppressions.suppress(
            organization=delivery.organization,
            address=delivery.address,
            reason=SuppressionReason.INVALID,
            source=source,
            evidence=text[:MAX_TEXT],
            about=_about(delivery),
        )
    return True


@transaction.atomic
def arrived(*, delivery_id: int, text: str, code: str = "") -> bool:
    """Something shows that a message did arrive that was unconfirmed or with an ESP: a receipt, a complaint, a hit. False when
    nothing changes.
    """
    delivery = _locked(delivery_id)
    return delivery is not None and _confirm(delivery, text=text, code=code)


@transaction.atomic
def carried(*, delivery_id: int, code: str, text: str) -> bool:
    """The ESP that has it says that it was delivered. False when that changes nothing: it was known, or it is not with an ESP.

    Its report may be here before the relay has written down that the ESP took it.
    """
    delivery = _locked(delivery_id)
    waits = (DeliveryState.HANDED_OVER, DeliveryState.IN_DOUBT, DeliveryState.SENDING)
    if delivery is None or delivery.account_id is None or delivery.state not in waits:
        return False
    _move(delivery, DeliveryState.DELIVERED, code=code, reason="")
    _event(delivery, EventKind.DELIVERED, code=code, text=text)
    return True


@transaction.atomic
def delayed(*, delivery_id: int, code: str, text: str, report: str) -> bool:
    """The ESP that has it was asked to come back later, and will. Once for each `report`, and MOST_DELAYS times at most."""
    delivery = _locked(delivery_id)
    if (
        delivery is None
        or delivery.account_id is None
        or delivery.state
        not in (
            DeliveryState.HANDED_OVER,
            DeliveryState.SENDING,
        )
    ):
        return False
    told = list(Event.objects.filter(delivery_id=delivery_id, kind=EventKind.DELAYED).values_list("facts", flat=True))
    if len(told) >= MOST_DELAYS or any(facts.get("report") == report for facts in told):
        return False
    _event(delivery, EventKind.DELAYED, code=code, text=text, facts={"report": report})
    return True


@transaction.atomic
def complained(*, delivery_id: int, kind: str, agent: str) -> bool:
    """Somebody reported a message as spam: no marketing mail to them from now on. False when it was known.

    `kind` and `agent` as in the report (RFC 5965: Feedback-Type, User-Agent).
    """
    delivery = _locked(delivery_id)
    if delivery is None:
        return False
    now = timezone.now()
    if _engagement(delivery).complained_at is not None:
        return False
    _confirm(delivery, text="They reported it as spam, so it arrived.")
    Engagement.objects.filter(pk=delivery.pk).update(complained_at=now)
    _event(delivery, EventKind.COMPLAINED, text=f"{kind} report by {agent or 'their provider'}")
    _count_for_address(delivery)
    if delivery.address.startswith(ERASED_PREFIX):
        return True
    person = merged.one_who_stays(delivery.contact_id) if delivery.contact_id is not None else None
    stays = [person.address_key] if person is not None and person.erased_at is None else []
    for address in dict.fromkeys([delivery.address, *stays]):
        suppressions.suppress(
            organization=delivery.organization,
            address=address,
            reason=SuppressionReason.COMPLAINED,
            source="complaint",
            evidence=f"{kind} report by {agent or 'their provider'} ({now:%Y-%m-%d %H:%M} UTC)",
            about=_about(delivery),
        )
    return True


@transaction.atomic
def opted_out(*, contact_id: int, about: str, source: ConsentSource, wording: str) -> bool:
    """Somebody left by a mail to the opt-out address: the topic of that message, or everything when it had none.

    `about` is what sending put into the token: "d<delivery id>", or "". False when they had left already.
    """
    contact = merged.one_who_stays(contact_id)
    if contact is None:
        return False
    # Not locked: the person comes first and then the message, as for whoever presses the button of the same mail.
    delivery_id = delivery_of(about)
    delivery = Delivery.objects.filter(pk=delivery_id, contact_id=contact_id).first() if delivery_id else None
    topic = None
    if delivery is not None:
        topic_id = Mailing.objects.values_list("topic_id", flat=True).get(pk=delivery.mailing_id)
        topic = Topic.objects.filter(pk=topic_id).first() if topic_id else None
    statement = subscriptions.Statement(source=source, wording=wording, about=about)
    if topic is not None:
        left = subscriptions.unsubscribe(contact=contact, topic=topic, statement=statement)
    else:
        left = subscriptions.unsubscribe_all(contact=contact, statement=statement)
    if left and delivery is not None:
        engagement.unsubscribed(delivery_id=delivery.pk)
    return left


def _count_for_address(delivery: Delivery) -> None:
    """One more complaint about what left from an address of ours. Its numbers are not for whoever writes here, so none is read."""
    if delivery.source_id is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sending_sourcecount (source_id, provider, hour, complained) "
                "VALUES (%s, %s, date_trunc('hour', now(), 'UTC'), 1)",
                [delivery.source_id, delivery.provider],
            )


def _locked(delivery_id: int) -> Delivery | None:
    return Delivery.objects.select_for_update(no_key=True).filter(pk=delivery_id).first()


def _confirm(delivery: Delivery, *, text: str, code: str = "") -> bool:
    if delivery.state not in (DeliveryState.IN_DOUBT, DeliveryState.HANDED_OVER):
        return False
    _move(delivery, DeliveryState.DELIVERED, code=code or delivery.code, reason="")
    _event(delivery, EventKind.DELIVERED, code=code, text=text)
    return True


def _move(delivery: Delivery, state: DeliveryState, *, code: str, reason: str) -> None:
    """From one part of the audience to another: two signed tallies, so that the sum stays the audience."""
    before, after = bucket_of(delivery.state, delivery.attempts), bucket_of(state, delivery.attempts)
    now = timezone.now()
    delivery.state, delivery.code, delivery.reason, delivery.changed_at, delivery.relay_id = (
        state,
        code[:16],
        reason[:30],
        now,
        None,
    )
    delivery.save(update_fields=["state", "code", "reason", "changed_at", "relay_id"])
    _tally(delivery, [(before, -1), (after, 1)], now)


def _tally(delivery: Delivery, steps: list[tuple[Bucket | EventKind, int]], at: datetime) -> None:
    Tally.objects.bulk_create(
        Tally(
            organization_id=delivery.organization_id,
            mailing_id=delivery.mailing_id,
            variant=delivery.variant,
            provider=delivery.provider,
            kind=kind,
            n=n,
            at=at,
        )
        for kind, n in steps
    )


def _event(
    delivery: Delivery, kind: EventKind, *, code: str = "", text: str = "", facts: dict[str, Any] | None = None
) -> None:
    now = timezone.now()
    with connection.cursor() as cursor:  # the table is partitioned and not Django's to write
        cursor.execute(
            """
            INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, variant, provider, code, text, facts)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                now,
                delivery.organization_id,
                delivery.mailing_id,
                delivery.pk,
                int(kind),
                delivery.variant,
                delivery.provider,
                code[:16],
                text.replace("\x00", "")[:MAX_TEXT],
                json.dumps(facts or {}),
            ],
        )
    _tally(delivery, [(kind, 1)], now)


def _engagement(delivery: Delivery) -> Engagement:
    row, _ = Engagement.objects.get_or_create(
        delivery=delivery,
        defaults={
            "organization_id": delivery.organization_id,
            "mailing_id": delivery.mailing_id,
            "contact_id": delivery.contact_id,
        },
    )
    return row


def _about(delivery: Delivery) -> str:
    return f"d{delivery.pk}"
