"""The audience of a send: who is subscribed to a topic and fits a segment, and who of them must be skipped.

People on a do-not-send list, and those who paused or want mail less often, belong to the audience, with the reason: the
ledger keeps a row for them too. Whoever has left the topic, is archived or erased was not meant to get it and is not in it.

`select(...)` is a plain SELECT to embed in an `INSERT ... SELECT`, inside of the tenant's scope; its columns are
contact_id bigint, address text, domain text, reason text (NULL: may be sent; else a contacts.enums.SuppressionReason,
"house", "paused" or "less_often").
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from contacts import ports
from contacts.enums import SubscriptionState
from contacts.models import Contact, Segment, Topic
from contacts.queries import catalogue
from contacts.segments import compiling, tree
from contacts.segments.compiling import Clock, Sql


@dataclass(frozen=True, slots=True)
class Count:
    """`people` in the audience; of them `skipped` because of a do-not-send list or by their own wish."""

    people: int
    skipped: int

    @property
    def sendable(self) -> int:
        return self.people - self.skipped


def clock(organization: Organization, now: datetime | None = None) -> Clock:
    """What "today" is for an organization."""
    zone = ZoneInfo(organization.time_zone or "UTC")
    return Clock((now or timezone.now()).astimezone(zone).date(), zone)


def condition(organization: Organization, definition: object) -> Sql:
    """A definition as a SQL condition about the contact `c`. Raises segments.tree.BadDefinition."""
    return compiling.compile_tree(tree.parse(definition, catalogue.of(organization)), clock(organization))


def select(*, organization: Organization, topic: Topic, segment: Segment | None = None) -> Sql:
    """The audience as one SELECT. Raises segments.tree.BadDefinition if the segment cannot be understood any more."""
    fits = condition(organization, segment.definition) if segment is not None else compiling.TRUE
    enough = ports.mail.has_had_enough(contact="c.id", cap="own.cap")
    return Sql(
        f"""
        SELECT c.id AS contact_id, c.address_key::text AS address, c.domain::text AS domain,
               coalesce(sup.reason, CASE WHEN house.id IS NOT NULL THEN 'house' END, CASE
                   WHEN own.paused_until > now() THEN 'paused'
                   WHEN own.cap <> '' AND {enough} THEN 'less_often' END)::text AS reason
        FROM contacts_subscription s
        JOIN contacts_contact c ON c.id = s.contact_id
        LEFT JOIN (
            SELECT DISTINCT ON (address_key) address_key, reason FROM contacts_suppression
            WHERE organization_id = %s AND lifted_at IS NULL AND (topic_id IS NULL OR topic_id = %s)
            ORDER BY address_key, marketing_only, topic_id NULLS FIRST, id
        ) sup ON sup.address_key = c.address_key
        LEFT JOIN contacts_housesuppression house ON house.address_key = c.address_key
        LEFT JOIN contacts_preference own ON own.contact_id = c.id
        WHERE s.topic_id = %s AND s.state = %s AND c.organization_id = %s
          AND c.archived_at IS NULL AND c.erased_at IS NULL AND {fits.text}
        """,
        (organization.pk, topic.pk, topic.pk, int(SubscriptionState.SUBSCRIBED), organization.pk, *fits.params),
    )


def count(*, organization: Organization, topic: Topic, segment: Segment | None = None) -> Count:
    """How many the audience has, and how many of them will be skipped."""
    audience = select(organization=organization, topic=topic, segment=segment)
    row = _rows(f"SELECT count(*), count(reason) FROM ({audience.text}) a", audience.params)[0]
    return Count(people=row[0], skipped=row[1])


def sample(
    *, organization: Organization, topic: Topic, segment: Segment | None = None, size: int = 10
) -> list[Contact]:
    """A few people of the audience who may be sent to, newest first."""
    audience = select(organization=organization, topic=topic, segment=segment)
    ids = _rows(
        f"SELECT contact_id FROM ({audience.text}) a WHERE reason IS NULL ORDER BY contact_id DESC LIMIT %s",
        (*audience.params, size),
    )
    return list(Contact.objects.filter(pk__in=[row[0] for row in ids]).order_by("-pk"))


def people_of(organization: Organization, definition: object, *, size: int = 10) -> tuple[int, list[Contact]]:
    """How many people a definition finds (archived and erased ones left out), and the newest few of them."""
    fits = condition(organization, definition)
    found = f"""
        FROM contacts_contact c
        WHERE c.organization_id = %s AND c.archived_at IS NULL AND c.erased_at IS NULL AND {fits.text}"""
    params = (organization.pk, *fits.params)
    total = _rows(f"SELECT count(*) {found}", params)[0][0]
    ids = _rows(f"SELECT c.id {found} ORDER BY c.id DESC LIMIT %s", (*params, size)) if total else []
    return total, list(Contact.objects.filter(pk__in=[row[0] for row in ids]).order_by("-pk"))


def _rows(sql: str, params: tuple[Any, ...]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
