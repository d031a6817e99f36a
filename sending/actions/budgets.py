"""Budgets: how much an address may send to a provider in a day. Who sets them decides; the relays only obey."""

from collections.abc import Mapping
from datetime import date

from django.db import connection, transaction

from sending.models import Budget

NEWS_CHANNEL = "posthouse_rulings"  # when it speaks the relays read all that they have to obey (ruling_sql.py)


@transaction.atomic
def put(*, source_id: int, budgets: Mapping[str, tuple[int, int]], since: date) -> None:
    """From now on exactly these for an address: provider ("": all together) -> (tries a day, tries an hour or 0)."""
    Budget.objects.filter(source_id=source_id).exclude(provider__in=list(budgets)).delete()
    Budget.objects.bulk_create(
        [
            Budget(source_id=source_id, provider=provider, messages=messages, an_hour=an_hour, since=since)
            for provider, (messages, an_hour) in budgets.items()
        ],
        update_conflicts=True,
        unique_fields=["source_id", "provider"],
        update_fields=["messages", "an_hour", "since"],
    )
    tell_relays()


@transaction.atomic
def lift(*, source_id: int) -> None:
    """No limit any more."""
    Budget.objects.filter(source_id=source_id).delete()
    tell_relays()


def tell_relays() -> None:
    """Have the relays read them once this transaction is committed. They look by themselves as well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [NEWS_CHANNEL])
