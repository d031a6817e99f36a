"""Of those who got a mailing: who opened it, of whom that cannot be told, who did not, who clicked. Each is one SELECT.

Opened, cannot tell and no open are apart and together are all who got it. Who clicked has opened, whatever their mail program
did with the pictures. Cannot tell: only machines (privacy proxies, scanners) loaded the pictures.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, models

from contacts.segments.sql import FALSE, Sql
from sending.enums import DeliveryState


class Reaction(models.TextChoices):
    """What somebody did with a message that was delivered."""

    OPENED = "opened", "Opened"
    CANNOT_TELL = "cannot_tell", "Cannot tell"
    NO_OPEN = "no_open", "No open"
    CLICKED = "clicked", "Clicked"
    GOT_IT = "got_it", "Got it"


# About the engagement `e`, which is not there (all NULL) as long as nothing was heard.
_READ = "(e.opened_at IS NOT NULL OR e.clicked_at IS NOT NULL)"
_HOLDS = {
    Reaction.OPENED: _READ,
    Reaction.CANNOT_TELL: f"(NOT {_READ} AND e.machine_opened_at IS NOT NULL)",
    Reaction.NO_OPEN: f"(NOT {_READ} AND e.machine_opened_at IS NULL)",
    Reaction.CLICKED: "e.clicked_at IS NOT NULL",
    Reaction.GOT_IT: "TRUE",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """Of how many who got it something was heard. `clicked` are among `opened`."""

    opened: int
    cannot_tell: int
    clicked: int


def of(mailing_id: int, reactions: Iterable[Reaction]) -> Sql:
    """A SELECT of contact_id: who got the mailing and did one of these. Nobody twice.

    Who was found to be somebody else since (contacts.queries.merged) is that person, who did what any of their entries did.
    The few such people are looked up one by one: right after a send the planner knows nothing of its million rows.
    """
    holds = " OR ".join(_HOLDS[reaction] for reaction in reactions) or FALSE.text
    return Sql(
        f"""
        WITH found AS MATERIALIZED (
            SELECT id, merged_into FROM contacts_contact WHERE merged_into IS NOT NULL AND archived_at IS NOT NULL
        ), several AS MATERIALIZED (
            SELECT id, merged_into AS person FROM found UNION SELECT merged_into, merged_into FROM found
        )
        SELECT d.contact_id FROM sending_delivery d
        LEFT JOIN sending_engagement e ON e.delivery_id = d.id AND e.mailing_id = %s
        WHERE d.mailing_id = %s AND d.state = {DeliveryState.DELIVERED:d} AND ({holds})
          AND d.contact_id NOT IN (SELECT id FROM several)
        UNION ALL
        SELECT e.person FROM (
            SELECT several.person, min(x.opened_at) AS opened_at, min(x.machine_opened_at) AS machine_opened_at,
                   min(x.clicked_at) AS clicked_at
            FROM several CROSS JOIN LATERAL (
                SELECT d.id FROM sending_delivery d
                WHERE d.mailing_id = %s AND d.contact_id = several.id AND d.state = {DeliveryState.DELIVERED:d} OFFSET 0
            ) d LEFT JOIN sending_engagement x ON x.delivery_id = d.id
            GROUP BY several.person
        ) e WHERE {holds}
        """,
        (mailing_id, mailing_id, mailing_id),
    )


def heard(mailing_id: int) -> Heard:
    """The numbers, by way of those of whom anything was heard: who opened nothing has no row there."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FILTER (WHERE {_HOLDS[Reaction.OPENED]}),
                   count(*) FILTER (WHERE {_HOLDS[Reaction.CANNOT_TELL]}),
                   count(*) FILTER (WHERE {_HOLDS[Reaction.CLICKED]})
            FROM sending_engagement e JOIN sending_delivery d ON d.id = e.delivery_id
            WHERE e.mailing_id = %s AND d.state = {DeliveryState.DELIVERED:d}
            """,
            [mailing_id],
        )
        return Heard(*cursor.fetchone())
