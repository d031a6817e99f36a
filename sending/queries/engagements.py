"""Who did what with a send: the people behind each number of its report, page by page, in the order of their messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, models

from sending.models import Mailing

PAGE = 50


class Deed(models.TextChoices):
    """What somebody did with a message."""

    OPENED = "opened", "Opened"
    MACHINE = "machine", "Opened by a machine"
    CLICKED = "clicked", "Clicked"
    MACHINE_CLICKED = "machine_clicked", "Clicked by a machine"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    COMPLAINED = "complained", "Reported as spam"


# The column of the moment. The conditions are those of the partial indexes, and those that the totals are counted by.
_WHEN = {
    Deed.OPENED: "e.opened_at",
    Deed.MACHINE: "e.machine_opened_at",
    Deed.CLICKED: "e.clicked_at",
    Deed.MACHINE_CLICKED: "e.machine_clicked_at",
    Deed.UNSUBSCRIBED: "e.unsubscribed_at",
    Deed.COMPLAINED: "e.complained_at",
}
_MORE = {
    Deed.MACHINE: "AND (e.opened_at IS NULL OR e.machine_opened_at < e.opened_at)",
    Deed.UNSUBSCRIBED: "AND (e.unsubscribed_at IS NOT NULL OR e.complained_at IS NOT NULL)",
    Deed.COMPLAINED: "AND (e.unsubscribed_at IS NOT NULL OR e.complained_at IS NOT NULL)",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One who did it: their message, and when (the first time)."""

    id: int
    contact_id: int | None
    address: str
    variant: int
    provider: str
    at: datetime
    links: tuple[int, ...]


def people(
    mailing: Mailing,
    deed: Deed,
    *,
    links: list[tuple[int, int]] | None = None,
    after: int = 0,
    limit: int = PAGE,
) -> tuple[list[Person], int | None]:
    """A page of those who did it, and the cursor of the next one (None at the end).

    `links`: only who clicked one of these, as (variant, index in its letter): one address may stand in several letters.
    """
    at = _WHEN[deed]
    which, params = "", []
    if links is not None:
        if not links:
            return [], None
        which = f"AND ({' OR '.join('(d.variant = %s AND e.links @> %s::jsonb)' for _ in links)})"
        params = [value for variant, link in links for value in (variant, str(link))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT e.delivery_id, d.contact_id, d.address, d.variant, d.provider, {at}, e.links::text
            FROM sending_engagement e JOIN sending_delivery d ON d.id = e.delivery_id
            WHERE e.mailing_id = %s AND e.delivery_id > %s AND {at} IS NOT NULL {_MORE.get(deed, "")} {which}
            ORDER BY e.mailing_id, e.delivery_id LIMIT %s
            """,
            [mailing.pk, after, *params, limit + 1],
        )
        rows = cursor.fetchall()
    found = [Person(row[0], row[1], row[2], row[3], row[4], row[5], _numbers(row[6])) for row in rows[:limit]]
    return found, found[-1].id if len(rows) > limit else None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.strip("[]").split(",") if number.strip())


def until(mailing_id: int, ends: Mapping[int, datetime]) -> dict[int, tuple[int, int, int]]:
    """By variant: people who clicked, opened, left (unsubscribed or complained) before each one's own end.

    Walks through everybody who did something with the send: for a decision, and not for a page that is looked at all the time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.variant, count(*) FILTER (WHERE e.clicked_at < x.at), count(*) FILTER (WHERE e.opened_at < x.at),
                   count(*) FILTER (WHERE least(e.unsubscribed_at, e.complained_at) < x.at)
            FROM sending_engagement e JOIN sending_delivery d ON d.id = e.delivery_id
            JOIN unnest(%s::smallint[], %s::timestamptz[]) x (variant, at) ON x.variant = d.variant
            WHERE e.mailing_id = %s GROUP BY 1
            """,
            [list(ends), list(ends.values()), mailing_id],
        )
        return {variant: (clicked, opened, left) for variant, clicked, opened, left in cursor.fetchall()}


def left_twice(mailing_id: int) -> dict[int, int]:
    """By variant: people who unsubscribed and complained as well, whom the sum of both counts twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.variant, count(*) FROM sending_engagement e JOIN sending_delivery d ON d.id = e.delivery_id
            WHERE e.mailing_id = %s AND e.unsubscribed_at IS NOT NULL AND e.complained_at IS NOT NULL GROUP BY 1
            """,
            [mailing_id],
        )
        return dict(cursor.fetchall())
