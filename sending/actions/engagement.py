"""What a person did by a mail beyond opening it: unsubscribing, and taking that back. One event and one count each."""

from typing import Any

from django.db import connection, transaction

from sending.adapters.evidence import ARRIVED
from sending.enums import EventKind

NOTE = """
WITH d AS (
    SELECT id, organization_id, mailing_id, contact_id, variant, provider FROM sending_delivery WHERE id = %(id)s
), marked AS (
    INSERT INTO sending_engagement AS e (delivery_id, organization_id, mailing_id, contact_id, unsubscribed_at, links)
    SELECT id, organization_id, mailing_id, contact_id, CASE WHEN %(left)s THEN now() END, '[]' FROM d
    ON CONFLICT (delivery_id) DO UPDATE SET unsubscribed_at = excluded.unsubscribed_at
    WHERE (e.unsubscribed_at IS NULL) <> (excluded.unsubscribed_at IS NULL)
    RETURNING delivery_id
), noted AS (
    SELECT d.* FROM d JOIN marked ON marked.delivery_id = d.id
), log AS (
    INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, variant, provider)
    SELECT organization_id, mailing_id, id, %(kind)s, variant, provider FROM noted
), counted AS (
    INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
    SELECT organization_id, mailing_id, variant, provider, %(kind)s, -1, 1, now() FROM noted
)
SELECT count(*) FROM noted
"""


@transaction.atomic
def unsubscribed(*, delivery_id: int) -> bool:
    """Note that somebody unsubscribed by this message; it arrived, then. False when that was noted or it is unknown."""
    with connection.cursor() as cursor:
        cursor.execute(ARRIVED, {"ids": [delivery_id]})
        return _note(cursor, delivery_id, EventKind.UNSUBSCRIBED)


@transaction.atomic
def came_back(*, delivery_id: int) -> bool:
    """Note that they took it back. False when nothing was to be taken back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM sending_engagement WHERE delivery_id = %s AND unsubscribed_at IS NOT NULL", [delivery_id]
        )
        return cursor.fetchone() is not None and _note(cursor, delivery_id, EventKind.RESUBSCRIBED)


def _note(cursor: Any, delivery_id: int, kind: EventKind) -> bool:
    cursor.execute(NOTE, {"id": delivery_id, "left": kind is EventKind.UNSUBSCRIBED, "kind": int(kind)})
    return bool(cursor.fetchone()[0])
