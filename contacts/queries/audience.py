"""The audience of a send: who is subscribed to a topic and fits a segment, and who of them must be skipped.

People on a do-not-send list, and those who paused or want mail less often, belong to the audience, with the reason: the
ledger keeps a row for them too. Whoever has left the topic, is archived or erased was not meant to get it and is not in it.

`select(...)` is a plain SELECT to embed in an `INSERT ... SELECT`, inside of the tenant's scope; its columns are
contact_id bigint, address text, domain text, reason text (NULL: may be sent; else a contacts.enums.SuppressionReason,
"house", "paused" or "less_often").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from contacts import ports
from contacts.enums import SubscriptionState
from contacts.models import Segment, Topic
from contacts.queries import catalogue, fields
from contacts.segments import compiling, nesting, tree, wording
from contacts.segments.clock import Clock
from contacts.segments.compiling import Whole
from contacts.segments.sql import Sql
from contacts.segments.tree import BadDefinition, Group, Rule


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
    """A definition as one SQL condition about the contact `c`, which looks people up one by one: for pages and samples.

    Raises segments.tree.BadDefinition.
    """
    known = catalogue.of(organization, definition)
    return compiling.compile_tree(tree.parse(definition, known), clock(organization), known)


def limits(organization: Organization, segment: Segment | None, excluded: Segment | None) -> Whole:
    """The people of one segment without those of another, as joins and a condition, for asking everybody at once.

    Raises segments.tree.BadDefinition, which names the segment that cannot be understood any more.
    """
    given = [one for one in (segment, excluded) if one is not None]
    known = catalogue.of(organization, {"rules": [one.definition for one in given]})
    rules: list[Rule] = []
    for one in given:
        try:
            rules.append(nesting.expand(tree.parse(one.definition, known), known))
        except BadDefinition as bad:
            raise BadDefinition(f"The segment “{one.name}” cannot be understood any more: {bad.why}") from bad
    _refuse_half_converted(organization, rules)
    if excluded is not None:
        rules[-1] = Group("none", (rules[-1],))
    return compiling.compile_whole(Group("all", tuple(rules)), clock(organization), known)


def _refuse_half_converted(organization: Organization, rules: Sequence[Rule]) -> None:
    """While a field is rewritten, some people have its values of the old kind: nobody knows who fits. That is no time to
    send.
    """
    keys = {rule.key for root in rules for rule in tree.conditions(root) if rule.about.startswith("field:")}
    if not keys:
        return
    for key, job in fields.in_work(organization).items():
        if key in keys:
            raise BadDefinition(
                f"“{job.title}” is at work, and the segment asks about that field. Wait until it is done."
            )


def select(
    *, organization: Organization, topic: Topic, segment: Segment | None = None, excluded: Segment | None = None
) -> Sql:
    """The audience as one SELECT: who of the topic fits the segment and not the excluded one.

    Raises segments.tree.BadDefinition if one of them cannot be understood any more.
    """
    wanted = limits(organization, segment, excluded)
    # Asked only of those who have a cap: NULL instead of '' would have it asked of everybody.
    enough = ports.mail.has_had_enough(contact="c.id", cap="own.cap")
    return Sql(
        f"""
        SELECT c.id AS contact_id, c.address_key::text AS address, c.domain::text AS domain,
               coalesce(sup.reason, CASE WHEN house.id IS NOT NULL THEN 'house' END, CASE
                   WHEN own.paused_until > now() THEN 'paused'
                   WHEN coalesce(own.cap, '') <> '' AND {enough} THEN 'less_often' END)::text AS reason
        FROM contacts_subscription s
        JOIN contacts_contact c ON c.id = s.contact_id
        LEFT JOIN (
            SELECT DISTINCT ON (address_key) address_key, reason FROM contacts_suppression
            WHERE organization_id = %s AND lifted_at IS NULL AND (topic_id IS NULL OR topic_id = %s)
            ORDER BY address_key, marketing_only, topic_id NULLS FIRST, id
        ) sup ON sup.address_key = c.address_key
        LEFT JOIN contacts_housesuppression house ON house.address_key = c.address_key
        LEFT JOIN contacts_preference own ON own.contact_id = c.id
        {wanted.joins.text}
        WHERE s.topic_id = %s AND s.state = %s AND c.organization_id = %s
          AND c.archived_at IS NULL AND c.erased_at IS NULL AND {wanted.fits.text}
        """,
        (
            *(organization.pk, topic.pk, *wanted.joins.params),
            *(topic.pk, int(SubscriptionState.SUBSCRIBED), organization.pk, *wanted.fits.params),
        ),
    )


def counted(chosen: Sql) -> Count:
    """How many an audience has that `select` made, or that was made of one."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), count(reason) FROM ({chosen.text}) a", chosen.params)
        people, skipped = cursor.fetchone()
    return Count(people, skipped)


def in_words(
    *, organization: Organization, topic: Topic, segment: Segment | None = None, excluded: Segment | None = None
) -> str:
    """Who that is: "people who are subscribed to News, of them people whose City is Oslo, without people who …"."""
    given = [one for one in (segment, excluded) if one is not None]
    known = catalogue.of(organization, {"rules": [one.definition for one in given]})

    def said(one: Segment) -> str:
        return wording.describe(tree.parse(one.definition, known), known)

    words = f"People who are subscribed to {topic.name}"
    if segment is not None:
        words += f", of them {said(segment)}"
    if excluded is not None:
        words += f", without {said(excluded)}"
    return words
