"""Failures that add up: addresses to which mail failed again and again go onto the do-not-send list, by the book's rules.

Policy: the ledger is the evidence, nothing is counted twice or beside it. A reader of all events finds who failed of late;
then all that is known of these addresses is weighed. Running it twice, or late, changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts.actions import suppressions
from contacts.enums import SuppressionReason
from sending.enums import ERASED_PREFIX, DeliveryState, EventKind
from sending.judging import counting
from sending.judging.counting import Failure
from sending.models import Bookmark, Delivery

READER = "failures"
EVENTS = 5_000
PEOPLE = 500
MAX_EVIDENCE = 12

# Later committers are waited for (see sending.models.Event), so nobody is skipped. An event's row may be as much older than
# its transaction's end as that took; an hour is far more than any of ours takes.
FIND = f"""
SELECT e.tx::text::bigint, e.id, e.at, e.organization_id, d.address, d.reason, d.state
FROM sending_event e JOIN sending_delivery d ON d.id = e.delivery_id
WHERE e.kind IN ({EventKind.BOUNCED:d}, {EventKind.EXPIRED:d}, {EventKind.LATE_BOUNCE:d})
  AND e.at >= %(since)s AND (e.tx::text::bigint, e.id) > (%(tx)s, %(id)s)
  AND e.tx < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.tx::text::bigint, e.id LIMIT {EVENTS}
"""


def count_new() -> int:
    """Weigh everybody to whom mail failed since the last time; how many addresses are given up. Several transactions."""
    given_up = 0
    while True:
        with cross_tenant("find whose mail failed of late, whoever sent it"):
            rows = _read()
        by_organization: dict[int, set[str]] = defaultdict(set)
        countable, expiring = counting.counted_classes(), counting.expiring_classes()
        for _, _, _, organization_id, address, reason, state in rows:
            counts = reason in (expiring if state == DeliveryState.EXPIRED else countable)
            if counts and not address.startswith(ERASED_PREFIX):
                by_organization[organization_id].add(address)
        for organization_id, addresses in by_organization.items():
            for batch in _batches(sorted(addresses)):
                with tenant_scope_id(organization_id) as organization:
                    given_up += weigh(organization=organization, addresses=batch)
        if rows:
            with cross_tenant("remember how far the failures of all organizations have been counted"):
                Bookmark.objects.filter(pk=READER).update(
                    tx=rows[-1][0], event_id=rows[-1][1], at=max(r[2] for r in rows)
                )
        if len(rows) < EVENTS:
            return given_up


def weigh(*, organization: Organization, addresses: Sequence[str]) -> int:
    """Give up those of an organization's addresses whose failures have added up; how many are new. In a tenant's scope."""
    now = timezone.now()
    failures: dict[str, list[Failure]] = defaultdict(list)
    codes: dict[str, list[str]] = defaultdict(list)
    arrived: dict[str, datetime] = {}
    for address, state, reason, code, at in _ledger(
        organization, addresses, since=now - timedelta(days=counting.LONGEST)
    ):
        if state == DeliveryState.DELIVERED:
            arrived[address] = max(at, arrived.get(address, at))
        else:
            failures[address].append(Failure(at, reason, expired=state == DeliveryState.EXPIRED))
            codes[address].append(f"{at:%Y-%m-%d}: {code} {reason}".replace("  ", " "))
    given_up = 0
    for address, failed in failures.items():
        category = counting.due(failed, now=now, arrived=arrived.get(address))
        if category is None or category.counting is None:
            continue
        given_up += suppressions.suppress(
            organization=organization,
            address=address,
            reason=SuppressionReason(category.suppress),
            source="relay",
            evidence=f"{len(failed)} messages failed. " + "; ".join(sorted(codes[address])[-MAX_EVIDENCE:]),
        )
    return given_up


def _read() -> list[tuple[int, int, datetime, int, str, str, int]]:
    bookmark, _ = Bookmark.objects.get_or_create(name=READER, defaults={"at": timezone.now()})
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"since": bookmark.at - timedelta(hours=1), "tx": bookmark.tx, "id": bookmark.event_id})
        return cursor.fetchall()


def _ledger(
    organization: Organization, addresses: Sequence[str], *, since: datetime
) -> Iterable[tuple[str, int, str, str, datetime]]:
    """What became of the messages to some addresses: of the people who have them now, and of strangers."""
    ended = Delivery.objects.filter(
        state__in=(DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.EXPIRED), changed_at__gte=since
    )
    facts = ("address", "state", "reason", "code", "changed_at")
    theirs = ended.filter(contact__address_key__in=addresses, address__in=addresses)
    strangers = ended.filter(organization=organization, contact=None, address__in=addresses)
    yield from theirs.filter(contact__organization=organization).values_list(*facts)
    yield from strangers.values_list(*facts)


def _batches(addresses: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(addresses), PEOPLE):
        yield addresses[start : start + PEOPLE]
