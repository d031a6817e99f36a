"""Pages of addresses: an organization's own and all of them, in every state, with three weeks of answers."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from sending.enums import AddressState, NameFinding, StreamKind
from sending.models import EgressIP, Pool, PoolAddress, Relay, SourceCount, Stream

ADDRESSES = (
    ("192.0.2.71", "mail1.kettle.example", AddressState.ACTIVE, NameFinding.CONFIRMED, "", 110),
    (
        "192.0.2.72",
        "mail2.kettle.example",
        AddressState.PAUSED,
        NameFinding.OTHER_NAME,
        "Greylake lists it; they look",
        40,
    ),
    ("2001:db8:71::3", "mail3.kettle.example", AddressState.ACTIVE, NameFinding.NOT_BACK, "", 0),
)


@contextmanager
def as_the_house() -> Iterator[None]:
    """Rows that only the house writes: past the organization's own role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        me = cursor.fetchone()[0]
        cursor.execute("SET LOCAL ROLE posthouse_daemon")
        yield
        cursor.execute(f'SET LOCAL ROLE "{me}"')


def dedicated(organization: Organization) -> dict[str, Any]:
    with as_the_house():
        now = timezone.now()
        relay = Relay.objects.create(
            name="node-1:4711", pid=1, started_at=now, beat_at=now + timedelta(minutes=5), facts={}
        )
        pool = Pool.objects.create(name="kettle", organization=organization, is_default=True)
        for address, name, state, finding, why, busy in ADDRESSES:
            row = EgressIP.objects.create(
                address=address,
                name=name,
                state=state,
                why=why,
                finding=finding,
                found_names="static-72.provider.example",
                checked_at=now - timedelta(hours=3),
                last_used_at=now if busy else None,
                relay_id=relay.pk if busy > 100 else None,
            )
            PoolAddress.objects.create(pool=pool, address=row, weight=busy or 10)
            answers(row, busy)
    return {}


def answers(row: EgressIP, busy: int) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for ago in range(24 * 20 if busy else 0):
        wave = 1 + math.sin(ago / 4)
        for provider, share in (("Gmail", 6), ("Greylake", 3), ("", 1)):
            SourceCount.objects.create(
                source_id=row.pk,
                provider=provider,
                hour=hour - timedelta(hours=ago),
                delivered=int(busy * share * wave),
                deferred=int(busy * wave / 9),
                bounced=share // 3,
                blocked=int(provider == "Greylake" and ago % 24 < 6) * 7,
                complained=int(ago % 30 == 0),
                folded=True,
            )


def one(organization: Organization) -> dict[str, Any]:
    dedicated(organization)
    return {"address": "192.0.2.71"}


def all_(organization: Organization) -> dict[str, Any]:
    """Theirs, and a shared one behind a proxy that a stream goes by."""
    dedicated(organization)
    with as_the_house():
        shared = Pool.objects.create(name="shared", is_default=True)
        Pool.objects.create(name="cold")
        row = EgressIP.objects.create(
            address="198.51.100.7", name="mail.posthouse.example", proxy="socks5://sam@198.51.100.2:1080"
        )
        PoolAddress.objects.create(pool=shared, address=row)
        Stream.objects.update_or_create(
            organization=organization,
            kind=StreamKind.APP,
            defaults={"pool": shared, "give_up_after": timedelta(hours=24)},
        )
    return {}


def one_of_all(organization: Organization) -> dict[str, Any]:
    all_(organization)
    return {"address": "192.0.2.71"}


PAGES: list[dict[str, Any]] = [
    {"slug": "addresses-empty", "view": "sending:addresses"},
    {"slug": "addresses", "view": "sending:addresses", "prepare": dedicated},
    {"slug": "address", "view": "sending:address", "prepare": one},
    {"slug": "operator-addresses-empty", "view": "leaving:addresses", "who": "operator", "tenant": False},
    {"slug": "operator-addresses", "view": "leaving:addresses", "who": "operator", "tenant": False, "prepare": all_},
    {
        "slug": "operator-address",
        "view": "leaving:address",
        "who": "operator",
        "tenant": False,
        "prepare": one_of_all,
        "query": "days=7",
    },
]
