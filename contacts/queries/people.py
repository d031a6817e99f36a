"""People in lists. Fast at a million, under row-level security: a page costs the same however rare those are whom it shows.

Two plans. Where one condition finds few people (a rare word, a small tag, one import), its index gives them all, and the
other conditions choose among them: the page is exact, and so is the count. Where every condition finds many, we look
through people in the order of the list until the page is full; if that takes long, the page says how far it came and goes
on from there.

Traps: see migration 0010 for why search goes through a function of the database. Joins are kept to nested loops here: a
page wants its first 50 rows, and a hash join begins by reading everybody.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts.models import Organization
from contacts.enums import SubscriptionState
from contacts.models import Contact, Subscription, Suppression, Tagging, Topic
from contacts.queries import filters
from contacts.queries.filters import STANDS, Filter
from contacts.segments.sql import TRUE, Sql, both

PAGE = 50
FEW = 2_000  # people whom one condition may find for the first plan
LOOK = 1_000  # people in the first look of the second plan; each further one is twice as long
LOOK_SECONDS = 0.06  # of looking, before a page says how far it came
FURTHER = 5  # times as long when it goes on by itself, while somebody sees that it does
SEARCH_AMONG = 40_000  # the newest people, by a common word
COUNT_MOST = 100_000  # a list says no more than that there are more
MAX_ID = 2**63 - 1
SORTS = {"": "Newest", "oldest": "Oldest", "address": "Address A–Z", "-address": "Address Z–A"}


@dataclass(frozen=True, slots=True)
class Row:
    contact: Contact
    topics: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    suppressed: str = ""  # the reason in words


@dataclass(frozen=True, slots=True)
class Page:
    """`next` and `previous` are cursors: the ids of people before and after whom the list goes on. `total`: how many fit,
    None if that is not known. `looked`: of how many people in a row these are those who fit, when we stopped early."""

    rows: list[Row]
    next: int | None = None
    previous: int | None = None
    total: int | None = None
    looked: int = 0


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of a list: column, direction, and where it goes on."""

    by_address: bool
    ascending: bool
    start: Any  # an id or an address; None: from the beginning

    @property
    def direction(self) -> str:
        return "ASC" if self.ascending else "DESC"

    def beyond(self, column: str) -> Sql:
        if self.start is None:
            return TRUE
        return Sql(f"{column} {'>' if self.ascending else '<'} %s", (self.start,))


def count(organization: Organization) -> int:
    """Everybody who is neither archived nor erased, counted up to COUNT_MOST + 1."""
    everybody = Contact.objects.filter(organization=organization, archived_at=None, erased_at=None)
    return everybody.order_by("-pk").values("pk")[: COUNT_MOST + 1].count()


def page(
    organization: Organization,
    wanted: Filter,
    *,
    sort: str = "",
    after: int | None = None,
    before: int | None = None,
    is_further: bool = False,
) -> Page:
    """A page of people: those after, or those before a person; `is_further`: we looked in vain before, and nobody waits for
    the page itself. Raises segments.tree.BadDefinition."""
    if wanted.lost:
        return Page([], total=0)
    backward = before is not None
    order = _order(organization, sort, after=after, before=before)
    fits = filters.condition(organization, wanted)
    few = _few(organization, wanted)
    with _nested_loops():
        if few is not None:
            ids, total = _among(few, fits, order)
            reached, looked = None, 0
        else:
            total = None
            seconds = LOOK_SECONDS * (FURTHER if is_further else 1)
            ids, reached, looked = _look_through(organization, wanted, fits, order, seconds)
    more, ids = len(ids) > PAGE, ids[:PAGE]
    if backward:
        ids.reverse()
    # Where the list goes on in the direction in which we went, and whether there is anybody behind us.
    edge = (ids[0] if backward else ids[-1]) if ids and more else reached
    behind = after if not backward else before
    back = (ids[-1] if backward else ids[0]) if ids else behind
    following, preceding = (back, edge) if backward else (edge, back if behind is not None else None)
    return Page(_rows(organization, ids), next=following, previous=preceding, total=total, looked=looked)


def search(text: str, most: int = PAGE) -> list[int]:
    """Ids of people whose address or name contains the text, the newest first; of a short one: whose address begins so.
    In a tenant's scope."""
    words = " ".join(text.lower().replace("\x00", "").split())[: filters.MAX_TEXT]
    if not words:
        return []
    few = _found(words)
    if few is not None:
        return sorted(few, reverse=True)[:most]
    fits = filters.searched(words)
    return [
        row[0]
        for row in _fetch(
            "SELECT c.id FROM (SELECT * FROM contacts_contact WHERE erased_at IS NULL ORDER BY id DESC LIMIT %s) c"
            f" WHERE {fits.text} ORDER BY c.id DESC LIMIT %s",
            [SEARCH_AMONG, *fits.params, most],
        )
    ]


def how_many(organization: Organization, wanted: Filter) -> int:
    """How many people fit, exactly. May take seconds at a million. Raises segments.tree.BadDefinition."""
    fits = filters.condition(organization, wanted)
    few = _few(organization, wanted)
    among = TRUE if few is None else Sql("c.id = ANY(%s)", (few,))
    return int(
        _fetch(
            f"SELECT count(*) FROM contacts_contact c WHERE {among.text} AND {fits.text}",
            [*among.params, *fits.params],
        )[0][0]
    )


def stretch(organization: Organization, fits: Sql, *, after: int, until: int, size: int) -> tuple[list[int], int, bool]:
    """Who fits among the next `size` people by id, up to `until`; how far that was, and whether there may be more.

    However rare they are, it costs the same; all of them are read by calling it again from where it came to.
    """
    end, looked = _fetch(
        "SELECT max(id), count(*) FROM (SELECT id FROM contacts_contact WHERE organization_id = %s"
        " AND id > %s AND id <= %s ORDER BY id LIMIT %s) stretch",
        [organization.pk, after, until, size],
    )[0]
    if not looked:
        return [], after, False
    rows = _fetch(
        f"SELECT c.id FROM contacts_contact c WHERE c.id > %s AND c.id <= %s AND {fits.text} ORDER BY c.id",
        [after, end, *fits.params],
    )
    return [row[0] for row in rows], end, looked == size


# --- The first plan: somebody is rare -----------------------------------------------------------------------------------
def _few(organization: Organization, wanted: Filter) -> list[int] | None:
    """Everybody whom one of the conditions finds, if there is one that finds few."""
    mine = organization.pk
    probes: list[tuple[str, list[Any]]] = []
    if wanted.tag is not None:
        probes.append(("SELECT contact_id FROM contacts_tagging WHERE tag_id = %s", [wanted.tag.pk]))
    if wanted.import_ is not None:
        probes.append(
            (
                "SELECT id FROM contacts_contact WHERE organization_id = %s AND import_id = %s",
                [mine, wanted.import_.pk],
            )
        )
    if wanted.form is not None:
        probes.append(
            (
                "SELECT id FROM contacts_contact WHERE organization_id = %s AND form_id = %s",
                [mine, wanted.form.pk],
            )
        )
    if wanted.topic is not None:
        source, params = _of_topic(wanted.topic, wanted.stands)
        probes.append((f"SELECT contact_id FROM {source}", params))
    if wanted.added_from or wanted.added_to:
        added = filters.added(organization, wanted)
        probes.append(
            (f"SELECT id FROM contacts_contact c WHERE c.organization_id = %s AND {added.text}", [mine, *added.params])
        )
    if wanted.state == "archived":
        probes.append(
            ("SELECT id FROM contacts_contact WHERE organization_id = %s AND archived_at IS NOT NULL", [mine])
        )
    elif wanted.state == "suppressed":
        probes.append(
            (
                """SELECT c.id FROM contacts_suppression x JOIN contacts_contact c
                   ON c.organization_id = x.organization_id AND c.address_key = x.address_key
                   WHERE x.organization_id = %s AND x.lifted_at IS NULL""",
                [mine],
            )
        )
    for text in (wanted.text, f"@{wanted.domain}" if wanted.domain else ""):
        if text and (found := _found(text)) is not None:
            return found
    for sql, params in probes:
        rows = _fetch(f"{sql} LIMIT {FEW + 1}", params)
        if len(rows) <= FEW:
            return [row[0] for row in rows]
    return None


def _of_topic(topic: Topic, stands: str) -> tuple[str, list[Any]]:
    """The rows of who stands so to a topic; those who are not subscribed have an index of their own."""
    state = int(STANDS[stands])
    own_index = " AND state > 1" if state > 1 else ""
    return f"contacts_subscription WHERE topic_id = %s AND state = {state:d}{own_index}", [topic.pk]


def _found(text: str) -> list[int] | None:
    return _fetch("SELECT contacts_search.few(%s, %s)", [text, FEW])[0][0]


def _among(few: list[int], fits: Sql, order: _Order) -> tuple[list[int], int]:
    column = "address_key" if order.by_address else "id"
    beyond = order.beyond(column)
    rows = _fetch(
        f"""
        WITH fits AS MATERIALIZED (
            SELECT c.id, c.address_key FROM contacts_contact c WHERE c.id = ANY(%s) AND {fits.text}
        ), n AS (SELECT count(*) AS n FROM fits)
        SELECT p.id, n.n FROM n LEFT JOIN LATERAL (
            SELECT id, {column} AS place FROM fits WHERE {beyond.text} ORDER BY place {order.direction} LIMIT {PAGE + 1}
        ) p ON TRUE ORDER BY p.place {order.direction}
        """,
        [few, *fits.params, *beyond.params],
    )
    return [row[0] for row in rows if row[0] is not None], rows[0][1]


# --- The second plan: all are many --------------------------------------------------------------------------------------
def _look_through(
    organization: Organization, wanted: Filter, fits: Sql, order: _Order, seconds: float
) -> tuple[list[int], int | None, int]:
    """The ids of a page and one more, the person that we came to if there may be more behind, and how many we looked at."""
    found: list[int] = []
    size, looked, began = LOOK, 0, time.monotonic()
    while True:
        start = time.monotonic()
        people, key, place = _people(organization, wanted, order, size)
        rows = _fetch(
            f"SELECT c.id FROM {people.text} WHERE {fits.text} ORDER BY {key} {order.direction}"
            f" LIMIT {PAGE + 1 - len(found)}",
            [*people.params, *fits.params],
        )
        found += [row[0] for row in rows]
        if len(found) > PAGE:
            return found, None, 0
        last = _fetch(place.text, list(place.params))
        if not last:
            return found, None, 0
        looked += size
        now = time.monotonic()
        if (now - began) + 2 * (now - start) > seconds:
            return found, last[0][0], looked
        order = _Order(order.by_address, order.ascending, last[0][1])
        size *= 2


def _people(organization: Organization, wanted: Filter, order: _Order, size: int) -> tuple[Sql, str, Sql]:
    """The next people in the order of the list as `c`, the column by which they come in order already, and a query for the
    last of them (id, place), if so many are left. By id, those of a tag or a topic come by its own index.
    """
    direction = order.direction
    if not order.by_address and (wanted.tag is not None or wanted.topic is not None):
        if wanted.tag is not None:
            source, params = "contacts_tagging WHERE tag_id = %s", [wanted.tag.pk]
        else:
            assert wanted.topic is not None
            source, params = _of_topic(wanted.topic, wanted.stands)
        beyond = order.beyond("contact_id")
        base = f"SELECT contact_id FROM {source} AND {beyond.text} ORDER BY contact_id {direction}"
        taken = (*params, *beyond.params)
        people = Sql(
            f"({base} LIMIT %s) b CROSS JOIN LATERAL"
            " (SELECT * FROM contacts_contact WHERE id = b.contact_id OFFSET 0) c",
            (*taken, size),
        )
        last = Sql(f"SELECT contact_id, contact_id FROM ({base} OFFSET %s LIMIT 1) l", (*taken, size - 1))
        return people, "b.contact_id", last
    column = "address_key" if order.by_address else "id"
    beyond = order.beyond(column)
    limits = [Sql("organization_id = %s", (organization.pk,)), beyond]
    if wanted.text and len(wanted.text) < filters.PREFIX_UNDER and order.by_address:
        limits.append(Sql("address_key >= %s AND address_key < %s", (wanted.text, wanted.text + filters.LAST)))
    where = both(*limits)
    base = f"FROM contacts_contact WHERE {where.text} ORDER BY {column} {direction}"
    return (
        Sql(f"(SELECT * {base} LIMIT %s) c", (*where.params, size)),
        f"c.{column}",
        Sql(f"SELECT id, {column} {base} OFFSET %s LIMIT 1", (*where.params, size - 1)),
    )


def _order(organization: Organization, sort: str, *, after: int | None, before: int | None) -> _Order:
    by_address = sort in ("address", "-address")
    ascending = sort in ("address", "oldest")
    start: Any = after if before is None else before
    if start is not None and by_address:
        start = (
            Contact.objects.filter(organization=organization, pk=start).values_list("address_key", flat=True).first()
        )
    return _Order(by_address, ascending != (before is not None), start)


@contextmanager
def _nested_loops() -> Iterator[None]:
    """No hash and merge joins inside, for the planner takes the conditions of segments for rarer than they are."""
    switch = "SELECT set_config('enable_hashjoin', %s, true), set_config('enable_mergejoin', %s, true)"
    _fetch(switch, ["off", "off"])
    yield
    _fetch(switch, ["on", "on"])  # after an error the transaction is over anyway


def _rows(organization: Organization, ids: list[int]) -> list[Row]:
    people = {contact.pk: contact for contact in Contact.objects.filter(pk__in=ids)}
    topics: dict[int, list[str]] = defaultdict(list)
    for contact_id, name in (
        Subscription.objects.filter(contact_id__in=ids, state=SubscriptionState.SUBSCRIBED, topic__archived_at=None)
        .order_by("topic__name")
        .values_list("contact_id", "topic__name")
    ):
        topics[contact_id].append(name)
    tags: dict[int, list[str]] = defaultdict(list)
    for contact_id, name in (
        Tagging.objects.filter(contact_id__in=ids).order_by("tag__name").values_list("contact_id", "tag__name")
    ):
        tags[contact_id].append(name)
    keys = [contact.address_key for contact in people.values()]
    standing = {
        suppression.address_key: suppression.reason_words
        for suppression in Suppression.objects.filter(
            organization=organization, address_key__in=keys, lifted_at=None, topic=None
        ).order_by("-pk")
    }
    return [
        Row(people[pk], topics[pk], tags[pk], standing.get(people[pk].address_key, "")) for pk in ids if pk in people
    ]


def _fetch(sql: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
