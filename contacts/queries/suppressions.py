"""The do-not-send list as pages: newest first by keysets, searched, filtered; one address with its history; as a file.

Search goes through a function of the database (migration 0011 says why): it gives everybody whom a rare text finds, and
nothing for a common one, which the list then finds by itself while it goes through its entries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet

from accounts.models import Organization
from accounts.queries import keysets
from contacts import addresses, fingerprints
from contacts.enums import MARKETING_ONLY, SuppressionReason
from contacts.models import Contact, HouseSuppression, Suppression, Topic

PAGE = 50
FEW = 2_000  # matches of a search that are listed by their ids
COUNT_MOST = 100_000  # a list says no more than that there are more
SOURCES = {  # what stands in the filter, by Suppression.source
    "relay": "While sending",
    "mailroom": "A bounce that came back",
    "complaint": "A spam report",
    "page": "The unsubscribe page",
    "one_click": "The button of a mail program",
    "mailto": "Unsubscribe by mail",
    "import": "An import",
    "member": "A member",
    "api": "The API",
}
SCOPES = {"all": "All mail", "marketing": "Campaigns", "topic": "A single topic"}


@dataclass(frozen=True, slots=True)
class Filter:
    """`scope` is a key of SCOPES; `topic` narrows the scope "topic"."""

    text: str = ""
    reason: str = ""
    source: str = ""
    scope: str = ""
    topic: Topic | None = None
    lifted: bool = False

    @property
    def is_on(self) -> bool:
        return self != Filter()


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Suppression]
    next: int | None = None
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class OfOurs:
    """One of the organization's people whom the operator's list keeps from getting mail."""

    contact: Contact
    why: str
    since: Any


def wanted(organization: Organization, query: Any) -> Filter:
    """The filter that an address asks for; what is unknown in it counts as not said."""
    topic = query.get("topic", "")
    return Filter(
        text=" ".join(query.get("q", "").replace("\x00", "").split()).lower()[:320],
        reason=_one_of(query.get("reason", ""), SuppressionReason.values),
        source=_one_of(query.get("source", ""), SOURCES),
        scope=_one_of(query.get("scope", ""), SCOPES),
        topic=Topic.objects.filter(organization=organization, public_id=topic).first() if topic else None,
        lifted=query.get("lifted") == "1",
    )


def page(organization: Organization, filter_: Filter, *, after: int | None = None, before: int | None = None) -> Page:
    """Entries that stand (or that were lifted), newest first."""
    rows = found(organization, filter_).select_related("actor", "topic", "lifted_by")
    return Page(*keysets.newest_first(rows, PAGE, after=after, before=before))


def found(organization: Organization, filter_: Filter) -> "QuerySet[Suppression]":
    """Every entry that the filter is about."""
    rows = Suppression.objects.filter(organization=organization, lifted_at__isnull=not filter_.lifted)
    if filter_.text:
        rows = rows.filter(_searched(filter_.text))
    if filter_.reason:
        rows = rows.filter(reason=filter_.reason)
    if filter_.source:
        rows = rows.filter(source=filter_.source)
    if filter_.topic is not None:
        rows = rows.filter(topic=filter_.topic)
    elif filter_.scope == "topic":
        rows = rows.filter(topic__isnull=False)
    elif filter_.scope == "marketing":
        rows = rows.filter(topic=None, marketing_only=True, reason__in=MARKETING_ONLY)  # the latter for its index
    elif filter_.scope:
        rows = rows.filter(topic=None, marketing_only=False)
    return rows


def count(organization: Organization) -> int:
    """Entries that stand, counted up to COUNT_MOST + 1."""
    rows = Suppression.objects.filter(organization=organization, lifted_at=None)
    return rows.order_by("-pk").values("pk")[: COUNT_MOST + 1].count()


def history(entry: Suppression) -> list[Suppression]:
    """Every other entry of the same address, newest first."""
    rows = Suppression.objects.filter(organization_id=entry.organization_id, address_key=entry.address_key)
    return list(rows.exclude(pk=entry.pk).select_related("actor", "topic", "lifted_by").order_by("-pk")[:100])


def person_of(entry: Suppression) -> Contact | None:
    if entry.is_forgotten:
        return None
    return Contact.objects.filter(
        organization_id=entry.organization_id, address_key=entry.address_key, erased_at=None
    ).first()


def forgotten(organization: Organization, text: str) -> Suppression | None:
    """The entry of an erased person, if the text is their whole address."""
    key = addresses.key_of(text) if "@" in text else None
    if key is None:
        return None
    return Suppression.objects.filter(
        organization=organization,
        address_key__in=fingerprints.listed(key),
        reason=SuppressionReason.ERASED,
        lifted_at=None,
    ).first()


def of_ours(organization: Organization, text: str = "") -> list[OfOurs]:
    """The organization's own people who are on the operator's list; no tenant sees anybody else of it."""
    listed = HouseSuppression.objects.order_by()
    people = Contact.objects.filter(
        organization=organization, archived_at=None, erased_at=None, address_key__in=listed.values("address_key")
    )
    if text:
        people = people.filter(address_key__contains=text)
    ours = list(people.order_by("-pk")[:PAGE])
    by_key = {row.address_key: row for row in listed.filter(address_key__in=[one.address_key for one in ours])}
    return [
        OfOurs(one, by_key[one.address_key].why, by_key[one.address_key].created_at)
        for one in ours
        if one.address_key in by_key
    ]


def standing(organization: Organization, keys: list[str], reason: str, topic: Topic | None) -> set[str]:
    """Which of these address keys are on the list already: under this reason and for this topic, or as forgotten people."""
    rows = Suppression.objects.filter(organization=organization, lifted_at=None)
    found = set(rows.filter(address_key__in=keys, reason=reason, topic=topic).values_list("address_key", flat=True))
    forgotten = rows.filter(reason=SuppressionReason.ERASED, address_key__startswith=fingerprints.PREFIX)
    if forgotten.exists():
        hashed = {name: key for key in keys for name in fingerprints.listed(key)}
        found |= {hashed[one] for one in forgotten.filter(address_key__in=hashed).values_list("address_key", flat=True)}
    return found


HEADER = ("Address", "Reason", "Scope", "Topic", "Source", "Evidence", "Since", "Lifted", "Why lifted")


def as_rows(organization: Organization, filter_: Filter) -> Iterator[tuple[str, ...]]:
    """The entries for a file, oldest first. Erased people are left out: there is no address to write down."""
    rows = found(organization, filter_).exclude(reason=SuppressionReason.ERASED)
    rows = rows.exclude(address_key__startswith=fingerprints.PREFIX).order_by("pk")
    columns = "address_key", "reason", "marketing_only", "source", "evidence", "created_at", "lifted_at", "lifted_why"
    for row in rows.annotate(topic_name=F("topic__name")).values(*columns, "topic_name").iterator(2_000):
        scope = "topic" if row["topic_name"] else "marketing" if row["reason"] in MARKETING_ONLY else "all"
        yield (
            row["address_key"],
            row["reason"],
            scope,
            row["topic_name"] or "",
            row["source"],
            row["evidence"],
            row["created_at"].isoformat(timespec="seconds"),
            row["lifted_at"].isoformat(timespec="seconds") if row["lifted_at"] else "",
            row["lifted_why"],
        )


def _searched(text: str) -> Q:
    with connection.cursor() as cursor:
        cursor.execute("SELECT contacts_search.few_entries(%s, %s)", [text, FEW])
        few = cursor.fetchone()[0]
    hidden = Q(address_key__startswith=fingerprints.PREFIX)  # hex digits of a hash are nobody's address
    if few is not None:
        return Q(pk__in=few) & ~hidden
    return (Q(address_key__contains=text) if len(text) > 2 else Q(address_key__startswith=text)) & ~hidden


def _one_of(value: str, known: Any) -> str:
    return value if value in known else ""
