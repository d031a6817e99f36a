"""The mail that waits, as `qshape` shows a queue: by place and age; why it stands still; and the messages themselves.

Cost: each waiting row is read once, through the index of its lane's waiting rows, and nothing of what has ended; a few
seconds for a million. Pages that people open look at MOST_LOOKED rows only, and say so when there are more.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from sending.enums import DeliveryState

AGES = (5, 10, 20, 40, 80, 160, 320, 640, 1280)  # minutes; the last class is older than all of them
MOST_LOOKED = 100_000
PAGE = 50
NOT_TRIED = ""  # the provider of what has met no server yet, at a domain that we never wrote to


class By(enum.StrEnum):
    """What the places are."""

    PROVIDER = "provider"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True)
class Heap:
    """Waiting messages that are alike. `age`: index of their class, 0 for the youngest (up to AGES[0] minutes),
    len(AGES) for the oldest. `hold`: why their send stands still (sending.enums.Hold), or "". `reason`: the class of
    trouble of their last try, or "".
    """

    place: str
    state: DeliveryState
    hold: str
    reason: str
    age: int
    count: int
    oldest: datetime
    next_try: datetime


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """One message that waits."""

    id: int
    address: str
    mailing_id: int
    provider: str
    state: DeliveryState
    attempts: int
    reason: str
    hold: str
    created_at: datetime
    due_at: datetime


# Of each lane only rows of the partial index of what waits. What a relay holds is few, and has an index of its own.
_ROWS = f"""
SELECT d.id, d.address, d.mailing_id, d.state, d.attempts, d.reason, d.created_at, d.due_at, l.domain,
       coalesce(nullif(d.provider, ''), p.provider, '{NOT_TRIED}') AS provider, coalesce(m.hold, v.hold, '') AS hold
FROM sending_lane l
JOIN sending_mailing m ON m.id = l.mailing_id
LEFT JOIN sending_mailingvariant v ON l.variant <> 0 AND v.mailing_id = l.mailing_id AND v.variant = l.variant
LEFT JOIN sending_domainprovider p ON p.domain = l.domain
CROSS JOIN LATERAL (
    SELECT * FROM sending_delivery WHERE lane_id = l.id AND state IN ({DeliveryState.QUEUED:d}, {DeliveryState.DEFERRED:d})
    OFFSET 0
) d
WHERE l.open AND {{which}}
UNION ALL
SELECT d.id, d.address, d.mailing_id, d.state, d.attempts, d.reason, d.created_at, d.due_at, l.domain,
       coalesce(nullif(d.provider, ''), p.provider, '{NOT_TRIED}'), ''
FROM sending_delivery d
JOIN sending_lane l ON l.id = d.lane_id
LEFT JOIN sending_domainprovider p ON p.domain = l.domain
WHERE d.state = {DeliveryState.SENDING:d} AND d.relay_id IS NOT NULL AND {{which}}
"""
_AGE = f"""
    width_bucket(date_part('epoch', now() - created_at) / 60, ARRAY[{", ".join(map(str, AGES))}]::float8[])"""


def heaps(
    *, by: By, organization_id: int | None = None, mailing_id: int | None = None, most: int | None = None
) -> list[Heap]:
    """What waits, in heaps. None: of every organization (in a transaction across tenants), of every send, all of it."""
    place = {By.PROVIDER: "provider", By.DOMAIN: "domain"}[by]
    rows, values = _which(organization_id, mailing_id, most)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {place}, state, hold, reason, {_AGE}, count(*), min(created_at), min(due_at)
            FROM ({rows}) waiting GROUP BY 1, 2, 3, 4, 5
            """,
            values,
        )
        return [Heap(row[0], DeliveryState(row[1]), *row[2:]) for row in cursor.fetchall()]


def messages(
    *,
    organization_id: int,
    provider: str | None = None,
    age: int | None = None,
    hold: str | None = None,
    reason: str | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = PAGE,
) -> tuple[list[WaitingMessage], tuple[datetime, int] | None]:
    """A page of an organization's waiting messages, the oldest first, and the cursor of the next page (None at the end).

    Of the same MOST_LOOKED rows as its `heaps`. None: whatever it is.
    """
    rows, values = _which(organization_id, None, MOST_LOOKED)
    conditions: list[str] = []
    for condition, value in (
        ("provider = %(provider)s", provider),
        (f"{_AGE} = %(age)s", age),
        ("hold = %(hold)s", hold),
        ("reason = %(reason)s", reason),
    ):
        if value is not None:
            conditions.append(condition)
    values |= {"provider": provider, "age": age, "hold": hold, "reason": reason, "limit": limit + 1}
    if after is not None:
        conditions.append("(created_at, id) > (%(since)s, %(id)s)")
        values |= {"since": after[0], "id": after[1]}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id, address, mailing_id, provider, state, attempts, reason, hold, created_at, due_at
            FROM ({rows}) waiting WHERE {" AND ".join(conditions) or "TRUE"}
            ORDER BY created_at, id LIMIT %(limit)s
            """,
            values,
        )
        found = [
            WaitingMessage(row[0], row[1], row[2], row[3], DeliveryState(row[4]), *row[5:]) for row in cursor.fetchall()
        ]
    page = found[:limit]
    return page, (page[-1].created_at, page[-1].id) if len(found) > limit else None


def _which(organization_id: int | None, mailing_id: int | None, most: int | None) -> tuple[str, dict[str, Any]]:
    conditions = ["TRUE"]
    if organization_id is not None:
        conditions.append("l.organization_id = %(organization)s")
    if mailing_id is not None:
        conditions.append("l.mailing_id = %(mailing)s")
    rows = _ROWS.format(which=" AND ".join(conditions))
    return f"{rows} {'LIMIT %(most)s' if most is not None else ''}", {
        "organization": organization_id,
        "mailing": mailing_id,
        "most": most,
    }


def lately(organization_id: int, *, minutes: int = 5) -> dict[str, int]:
    """How many messages of an organization were delivered within the last minutes, by provider."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT provider, count(*) FROM sending_event
            WHERE at > now() - make_interval(mins => %s) AND organization_id = %s AND kind = 101 GROUP BY 1
            """,
            [minutes, organization_id],
        )
        return dict(cursor.fetchall())


def held_mailings(organization_id: int | None = None) -> list[tuple[int, str, str, int]]:
    """(id, name, hold, how many wait) of mailings that stand still."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, m.name, m.hold, count(d.id) FROM sending_mailing m
            JOIN sending_lane l ON l.mailing_id = m.id AND l.open
            JOIN sending_delivery d ON d.lane_id = l.id AND d.state IN (1, 3)
            WHERE m.hold IS NOT NULL AND (%(organization)s::bigint IS NULL OR m.organization_id = %(organization)s)
            GROUP BY 1 ORDER BY 1
            """,
            {"organization": organization_id},
        )
        return [(number, name, hold, count) for number, name, hold, count in cursor.fetchall()]


def ages(heaps: Sequence[Heap]) -> list[int]:
    """How many are in each class of age."""
    counts = [0] * (len(AGES) + 1)
    for heap in heaps:
        counts[heap.age] += heap.count
    return counts
