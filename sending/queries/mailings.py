"""Reading the ledger: what is open, the people behind each part, the story of one message."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from sending.enums import BAR_PARTS, REST, BarPart, Bucket, DeliveryState, EventKind, Hold
from sending.models import Delivery, Mailing

PAGE = 50
MOST_DEFERRED = 20_000
MAX_ID = 2**63 - 1
FEW = 10_000  # open messages that are looked through for a page of them
_OPEN_PARTS = (BarPart.ON_ITS_WAY, BarPart.RETRYING, BarPart.DELIVERED)
_STATES_OF_BUCKET = {
    Bucket.DELIVERED: DeliveryState.DELIVERED,
    Bucket.BOUNCED: DeliveryState.BOUNCED,
    Bucket.EXPIRED: DeliveryState.EXPIRED,
    Bucket.SUPPRESSED: DeliveryState.SUPPRESSED,
    Bucket.CANCELLED: DeliveryState.CANCELLED,
    Bucket.FAILED: DeliveryState.FAILED,
    Bucket.IN_DOUBT: DeliveryState.IN_DOUBT,
    Bucket.HANDED_OVER: DeliveryState.HANDED_OVER,
}

_COLUMNS = (
    """d.id, d.contact_id, d.address, d.state, d.attempts, d.due_at, d.reason, d.code, d.provider, d.changed_at"""
)


@dataclass(frozen=True, slots=True)
class Person:
    """One row behind a part of the bar. `text` is the server's last reply, or ""."""

    id: int
    contact_id: int | None
    address: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    reason: str
    code: str
    provider: str
    changed_at: datetime
    text: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a message. `kind` None: a kind that this version does not know."""

    at: datetime
    kind: EventKind | None
    code: str
    text: str
    link: int
    provider: str
    facts: dict[str, Any]


def has_open(mailing: Mailing) -> bool:
    """Whether any message is queued, held by a relay or deferred, or about to be sent again. Cheap: an index probe a lane."""
    if mailing.sealed_at is None:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM sending_lane l CROSS JOIN LATERAL (
                    SELECT FROM sending_delivery WHERE lane_id = l.id AND state IN (1, 3) LIMIT 1
                ) waiting WHERE l.mailing_id = %s
            ) OR EXISTS (SELECT FROM sending_delivery WHERE state = 2 AND mailing_id = %s)
              OR EXISTS (SELECT FROM sending_retry r JOIN sending_mailing m ON m.id = r.mailing_id
                         WHERE r.mailing_id = %s AND r.ended_at IS NULL AND m.hold IS DISTINCT FROM %s)
            """,
            [mailing.pk, mailing.pk, mailing.pk, Hold.CANCELLED],
        )
        return bool(cursor.fetchone()[0])


def people(
    mailing: Mailing, part: BarPart | None, *, variant: int | None = None, after: int = 0, limit: int = PAGE
) -> tuple[list[Person], int | None]:
    """A page of the people behind a part of the bar (None: everybody), and the cursor of the next one (None at the end).

    `variant`: only those of this one.

    Opaque cursors: parts that most rows pass through go by contact, the others by row, because that is how they are indexed.
    Where few are still open, these are looked up through their lanes; nobody looks through a million for them.
    """
    by_contact = part is None or part in _OPEN_PARTS
    which = "TRUE" if variant is None else f"variant = {int(variant)}"
    with connection.cursor() as cursor:
        if by_contact:
            few = part in (BarPart.ON_ITS_WAY, BarPart.RETRYING) and _few_wait(cursor, mailing)
            among, params = (_OPEN_ROWS, [mailing.pk] * 3) if few else ("sending_delivery", [])
            # Lanes are emptied from their beginning: who is on the way is found sooner from the end.
            beyond, order = (
                ("d.contact_id > %s", "") if part is not BarPart.ON_ITS_WAY else ("d.contact_id < %s", "DESC")
            )
            cursor.execute(
                f"SELECT {_COLUMNS} FROM {among} d WHERE d.mailing_id = %s AND {beyond} AND {_CONDITIONS[part]} "
                f"AND {which} ORDER BY d.contact_id {order} LIMIT %s",
                [*params, mailing.pk, after or (MAX_ID if order else 0), limit + 1],
            )
        else:
            assert part is not None
            # One index scan a state: the literals let the planner use the partial index.
            selects = " UNION ALL ".join(
                f"(SELECT * FROM sending_delivery WHERE mailing_id = %s AND state = {_STATES_OF_BUCKET[bucket]:d} AND id > %s "
                f"AND {which} ORDER BY mailing_id, state, id LIMIT %s)"
                for bucket in BAR_PARTS[part]
            )
            params = [value for _ in BAR_PARTS[part] for value in (mailing.pk, after, limit + 1)]
            cursor.execute(f"SELECT {_COLUMNS} FROM ({selects}) d ORDER BY d.id LIMIT %s", [*params, limit + 1])
        rows = cursor.fetchall()
    found = [_person(row) for row in rows[:limit]]
    following = None
    if len(rows) > limit and found:
        following = (found[-1].contact_id or 0) if by_contact else found[-1].id
    return found, following


def with_replies(found: list[Person]) -> list[Person]:
    """The same people with the last thing that a server said about each."""
    ids = [
        person.id for person in found if person.code or person.state in (DeliveryState.IN_DOUBT, DeliveryState.FAILED)
    ]
    if not ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (delivery_id) delivery_id, text FROM sending_event WHERE delivery_id = ANY(%s) AND text <> '' "
            "ORDER BY delivery_id, at DESC, id DESC",
            [ids],
        )
        texts = dict(cursor.fetchall())
    return [
        Person(
            person.id,
            person.contact_id,
            person.address,
            person.state,
            person.attempts,
            person.due_at,
            person.reason,
            person.code,
            person.provider,
            person.changed_at,
            texts.get(person.id, ""),
        )
        for person in found
    ]


def last_due(mailing: Mailing) -> dict[int, datetime]:
    """When the last message of each version (variants that have a number of their own) may leave, of those that may at all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT variant, max(due_at) FROM sending_delivery WHERE mailing_id = %s AND variant BETWEEN 1 AND %s "
            "AND state = %s GROUP BY 1",
            [mailing.pk, REST - 1, DeliveryState.QUEUED],
        )
        return dict(cursor.fetchall())


def messages_to(
    *, contact_id: int | None, organization_id: int, address: str, before: int | None = None, limit: int = 50
) -> list[Delivery]:
    """The newest messages to a person (older than the one `before`); for addresses without a contact, app mail to them."""
    rows = Delivery.objects.select_related("mailing", "mailing__stream")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if contact_id is not None:
        rows = rows.filter(contact_id=contact_id)
    else:
        rows = rows.filter(organization_id=organization_id, address=address, contact=None)
    return list(rows.order_by("-id")[:limit])


def story(delivery: Delivery) -> list[Happening]:
    """Everything that happened to one message, oldest first."""
    known = {kind.value for kind in EventKind}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at, kind, code, text, link, provider, facts::text FROM sending_event "
            "WHERE delivery_id = %s ORDER BY at, id LIMIT 500",
            [delivery.pk],
        )
        rows = cursor.fetchall()
    return [
        Happening(at, EventKind(kind) if kind in known else None, code, text, link, provider, json.loads(facts))
        for at, kind, code, text, link, provider, facts in rows
    ]


def deferral_reasons(mailing: Mailing, *, limit: int = 8) -> list[tuple[str, str, str, int]]:
    """Why messages of a mailing are retried now: (provider, class of trouble, code, how many), the commonest first.

    Of the first MOST_DEFERRED of them: this is asked every two seconds while somebody watches.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT provider, reason, min(code), count(*) FROM (
                SELECT provider, reason, code FROM sending_delivery WHERE mailing_id = %s AND state = 3 ORDER BY id LIMIT %s
            ) d GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2 LIMIT %s
            """,
            [mailing.pk, MOST_DEFERRED, limit],
        )
        return [(provider, reason, code, n) for provider, reason, code, n in cursor.fetchall()]


def _few_wait(cursor: Any, mailing: Mailing) -> bool:
    cursor.execute(f"SELECT count(*) FROM ({_WAITING} UNION ALL {_ELSEWHERE} LIMIT {FEW + 1}) d", [mailing.pk] * 2)
    return bool(cursor.fetchone()[0] <= FEW)


def _person(row: Any) -> Person:
    return Person(row[0], row[1], row[2], DeliveryState(row[3]), *row[4:])


_WAITING = f"""
    SELECT d.* FROM sending_lane l
    CROSS JOIN LATERAL (SELECT * FROM sending_delivery WHERE lane_id = l.id AND state IN (1, 3) LIMIT {FEW + 1}) d
    WHERE l.mailing_id = %s"""
_ELSEWHERE = f"(SELECT * FROM sending_delivery WHERE state = 4 AND mailing_id = %s LIMIT {FEW + 1})"  # at an ESP
# OFFSET 0: the planner may not walk all contacts of the mailing instead, in the hope that some of these come early.
_OPEN_ROWS = f"""(
    {_WAITING} UNION ALL {_ELSEWHERE}
    UNION ALL SELECT * FROM sending_delivery WHERE state = 2 AND mailing_id = %s OFFSET 0)"""

_CONDITIONS = {
    None: "TRUE",
    BarPart.DELIVERED: "d.state = 10",
    BarPart.ON_ITS_WAY: "(d.state IN (1, 2) AND d.attempts = 0 OR d.state = 4)",
    BarPart.RETRYING: "(d.state = 3 OR (d.state IN (1, 2) AND d.attempts > 0))",
}
