"""People in lists and on their page. Fast at a million: keyset pages by id, and search through its own index.

Trap: see migration 0003 for why search goes through a function of the database.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts.models import Organization
from contacts.enums import SubscriptionState
from contacts.models import ConsentRecord, Contact, Segment, Subscription, Suppression, Topic
from contacts.queries import audience
from contacts.segments.compiling import TRUE

PAGE = 50
SEARCH_MOST = 500  # newest matches that a search looks at
COUNT_MOST = 100_000  # a list says no more than that there are more
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Filter:
    """`state`: "" (everybody who is not archived), "archived", "suppressed", or with a topic "unsubscribed"."""

    text: str = ""
    topic: Topic | None = None
    segment: Segment | None = None
    state: str = ""

    @property
    def is_on(self) -> bool:
        return bool(self.text or self.topic or self.segment or self.state)


@dataclass(frozen=True, slots=True)
class Row:
    contact: Contact
    topics: list[str] = field(default_factory=list)
    suppressed: str = ""  # the reason in words


@dataclass(frozen=True, slots=True)
class Page:
    """`next` and `previous` are cursors for older and newer people; `cut` says that a search had too many matches."""

    rows: list[Row]
    next: int | None = None
    previous: int | None = None
    cut: bool = False


def count(organization: Organization) -> int:
    """Everybody who is neither archived nor erased, counted up to COUNT_MOST + 1."""
    everybody = Contact.objects.filter(organization=organization, archived_at=None, erased_at=None)
    return everybody.order_by("-pk").values("pk")[: COUNT_MOST + 1].count()


def page(organization: Organization, wanted: Filter, *, after: int | None = None, before: int | None = None) -> Page:
    """A page of people, newest first: older than `after`, or newer than `before`. Raises segments.tree.BadDefinition."""
    where, params = ["c.organization_id = %s", "c.erased_at IS NULL"], [organization.pk]
    join = ""
    cut = False
    if wanted.text:
        found = search(wanted.text)
        cut = len(found) == SEARCH_MOST
        where.append("c.id = ANY(%s)")
        params.append(found)  # type: ignore[arg-type]
    if wanted.topic is not None:
        state = SubscriptionState.UNSUBSCRIBED if wanted.state == "unsubscribed" else SubscriptionState.SUBSCRIBED
        join = "JOIN contacts_subscription s ON s.contact_id = c.id AND s.topic_id = %s AND s.state = %s"
        params = [wanted.topic.pk, int(state), *params]
    if wanted.state == "suppressed":
        where.append(
            "EXISTS (SELECT 1 FROM contacts_suppression x WHERE x.organization_id = c.organization_id"
            " AND x.address_key = c.address_key AND x.lifted_at IS NULL)"
        )
    where.append("c.archived_at IS NOT NULL" if wanted.state == "archived" else "c.archived_at IS NULL")
    fits = TRUE if wanted.segment is None else audience.condition(organization, wanted.segment.definition)
    where.append(fits.text)
    params.extend(fits.params)
    key = "s.contact_id" if join else "c.id"  # the order of (topic, contact)'s own index
    newer = before is not None
    where.append(f"{key} > %s" if newer else f"{key} < %s")
    params.append((before if newer else after) or (0 if newer else MAX_ID))
    sql = (
        f"SELECT c.id FROM contacts_contact c {join} WHERE {' AND '.join(where)}"
        f" ORDER BY {key} {'ASC' if newer else 'DESC'} LIMIT {PAGE + 1}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        ids = [row[0] for row in cursor.fetchall()]
    more, ids = len(ids) > PAGE, sorted(ids[:PAGE], reverse=True)
    has_newer, has_older = (more, True) if newer else (after is not None, more)
    return Page(
        rows=_rows(organization, ids),
        next=ids[-1] if ids and has_older else None,
        previous=ids[0] if ids and has_newer else None,
        cut=cut,
    )


def search(text: str, most: int = SEARCH_MOST) -> list[int]:
    """Ids of the newest people whose address or name contains the text; under 3 characters: whose address begins so."""
    words = " ".join(text.lower().replace("\x00", "").split())[:200]
    if not words:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM contacts_search.find(%s, %s)", [words, most])
        return [row[0] for row in cursor.fetchall()]


def _rows(organization: Organization, ids: list[int]) -> list[Row]:
    people = {contact.pk: contact for contact in Contact.objects.filter(pk__in=ids)}
    topics: dict[int, list[str]] = defaultdict(list)
    for contact_id, name in (
        Subscription.objects.filter(contact_id__in=ids, state=SubscriptionState.SUBSCRIBED, topic__archived_at=None)
        .order_by("topic__name")
        .values_list("contact_id", "topic__name")
    ):
        topics[contact_id].append(name)
    keys = [contact.address_key for contact in people.values()]
    standing = {
        suppression.address_key: suppression.get_reason_display()
        for suppression in Suppression.objects.filter(
            organization=organization, address_key__in=keys, lifted_at=None
        ).order_by("-pk")
    }
    return [Row(people[pk], topics[pk], standing.get(people[pk].address_key, "")) for pk in ids if pk in people]


# --- One person -------------------------------------------------------------------------------------------------------
def standings(contact: Contact) -> list[dict[str, Any]]:
    """Every topic with how the person stands to it: topic, subscription or None, is_subscribed."""
    by_topic = {row.topic_id: row for row in Subscription.objects.filter(contact=contact)}
    topics = Topic.objects.filter(organization_id=contact.organization_id).order_by("name")
    return [
        {
            "topic": topic,
            "subscription": by_topic.get(topic.pk),
            "is_subscribed": topic.pk in by_topic and by_topic[topic.pk].state == SubscriptionState.SUBSCRIBED,
        }
        for topic in topics
        if topic.archived_at is None or topic.pk in by_topic
    ]


def consents(contact: Contact, most: int = 100) -> list[ConsentRecord]:
    """What they agreed to or refused, newest first."""
    return list(
        ConsentRecord.objects.filter(contact=contact).select_related("topic", "actor").order_by("-at", "-pk")[:most]
    )


def suppressions_of(contact: Contact) -> list[Suppression]:
    """Every entry of the do-not-send list about this address, lifted ones too, newest first."""
    return list(
        Suppression.objects.filter(organization_id=contact.organization_id, address_key=contact.address_key)
        .select_related("actor")
        .order_by("-pk")[:100]
    )
