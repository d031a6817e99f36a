"""Who is meant by a choice in the list of people: some by their ids, or everybody who fits the filter."""

from dataclasses import dataclass, replace
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import QueryDict

from accounts.models import Organization
from contacts.models import Contact
from contacts.queries import filters, people

MOST_IDS = 500
COUNT_SECONDS = 4


@dataclass(frozen=True, slots=True)
class Selection:
    """`people` as Job keeps it. `count` None: too many to count while the page waits. `words`: "everybody tagged VIP"."""

    people: dict[str, Any]
    count: int | None
    words: str
    wanted: filters.Filter

    @property
    def is_empty(self) -> bool:
        return self.count == 0


def read(organization: Organization, query: QueryDict) -> Selection:
    """The choice in the query of an address: `id` (several), or `all=1` and a filter. Raises segments.tree.BadDefinition."""
    wanted = filters.read(organization, query)
    if query.get("all"):
        # What was searched for may be somebody's name: it does not belong into titles that are kept.
        words = filters.in_words(replace(wanted, text=""))
        words = ", ".join(part for part in ("found by a search" if wanted.text else "", words) if part)
        said = f"everybody {words}" if words else "everybody"
        return Selection({"filter": filters.query_of(query)}, _count(organization, wanted), said, wanted)
    ids = [int(one) for one in query.getlist("id")[:MOST_IDS] if one.isascii() and one.isdigit() and len(one) < 19]
    there = Contact.objects.filter(organization=organization, pk__in=ids, erased_at=None).order_by("pk")
    found = list(there.values_list("pk", flat=True))
    words = "1 person" if len(found) == 1 else f"{len(found)} people"
    return Selection({"ids": found}, len(found), words, wanted)


def _count(organization: Organization, wanted: filters.Filter) -> int | None:
    if wanted.lost:
        return 0
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(COUNT_SECONDS * 1000)])
            n = people.how_many(organization, wanted)
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            return n
    except OperationalError:
        return None  # the savepoint took the setting back as well
