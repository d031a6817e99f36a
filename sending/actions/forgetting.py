"""Taking an erased person out of the mail: rows stay, so that every sum stays, and nothing in them names anybody.

What waits is cancelled; addresses become "erased:<contact>"; stored content, servers' replies that name the address, and
the devices that opened or clicked are blanked. What a relay holds at this moment keeps its content until it has settled:
`in_motion` counts it, and a second call blanks it. Idempotent. Call inside of the tenant's scope.
"""

import re
from collections.abc import Sequence

from django.db import connection, transaction

from contacts.ports import Forgotten
from sending.actions import mailings
from sending.enums import ERASED_PREFIX, OPEN_STATES, Bucket, DeliveryState, EventKind, Reason
from sending.models import Delivery, HeldBounce, StoredMessage

GONE = "(erased)"


@transaction.atomic
def forget(*, organization_id: int, contact_id: int, addresses: Sequence[str]) -> Forgotten:
    """`addresses`: every spelling under which servers may have named the person; the normalised one first."""
    name = f"{ERASED_PREFIX}{contact_id}"
    strangers = [name, *(address for address in addresses if address)]
    ids = [*Delivery.objects.filter(contact_id=contact_id).values_list("pk", flat=True)]
    ids += Delivery.objects.filter(organization_id=organization_id, contact=None, address__in=strangers).values_list(
        "pk", flat=True
    )
    if not ids:
        return Forgotten({}, 0)
    cancelled = _cancel(ids)
    addressed = Delivery.objects.filter(pk__in=ids).exclude(address=name).update(address=name)
    moving = set(Delivery.objects.filter(pk__in=ids, state__in=OPEN_STATES).values_list("pk", flat=True))
    settled = [pk for pk in ids if pk not in moving]
    stored = StoredMessage.objects.filter(pk__in=settled).exclude(raw=b"").update(raw=b"", subject=GONE)
    held, _ = HeldBounce.objects.filter(organization_id=organization_id, address_key__in=strangers[1:]).delete()
    replies, devices = _blank_events(ids, [one for one in strangers[1:] if "@" in one])
    counts = {
        "messages cancelled": cancelled,
        "addresses of messages": addressed,
        "contents of app mail": stored,
        "bounces that waited for review": held,
        "servers' replies": replies,
        "devices and network addresses": devices,
    }
    return Forgotten({what: count for what, count in counts.items() if count}, len(moving))


def _cancel(ids: list[int]) -> int:
    """What waits and no relay holds; what is held is refused its final dot by its address, unless it has leave already."""
    waiting = Delivery.objects.filter(pk__in=ids, state__in=(DeliveryState.QUEUED, DeliveryState.DEFERRED))
    return sum(
        mailings.move(
            mailing_id=mailing_id,
            which="""
                SELECT id, organization_id, variant, provider, state, attempts FROM sending_delivery
                WHERE id = ANY(%s) AND mailing_id = %s AND state IN (%s, %s) ORDER BY id FOR UPDATE
            """,
            params=[ids, mailing_id, DeliveryState.QUEUED, DeliveryState.DEFERRED],
            state=DeliveryState.CANCELLED,
            bucket=Bucket.CANCELLED,
            reason=Reason.ERASED,
            kind=EventKind.CANCELLED,
        )
        for mailing_id in sorted(set(waiting.values_list("mailing_id", flat=True)))
    )


def _blank_events(ids: list[int], addresses: list[str]) -> tuple[int, int]:
    """Servers' replies that name the person, and what their devices told: how many of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sending_event SET facts = facts - 'ip' - 'ua' WHERE delivery_id = ANY(%s) AND facts ?| ARRAY['ip', 'ua']",
            [ids],
        )
        devices = cursor.rowcount
        if not addresses:
            return 0, devices
        pattern = "|".join(re.escape(address) for address in addresses)
        cursor.execute(
            "UPDATE sending_event SET text = regexp_replace(text, %s, %s, 'gi') WHERE delivery_id = ANY(%s) AND text ~* %s",
            [pattern, GONE, ids, pattern],
        )
        return cursor.rowcount, devices
