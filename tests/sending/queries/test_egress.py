"""What people read of addresses: only their own, and numbers that agree with the rows, folded or not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from sending.actions import egress as verbs
from sending.actions import pools
from sending.adapters import source_sql
from sending.enums import AddressState
from sending.models import EgressIP, SourceCount
from sending.queries import egress

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def this_hour() -> datetime:
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def count(address: EgressIP, *, hours_ago: int = 0, provider: str = "Gmail", **counts: int) -> None:
    with cross_tenant("a test counts"):
        SourceCount.objects.create(
            source_id=address.pk, provider=provider, hour=this_hour() - hours_ago * HOUR, **counts
        )


def fold() -> None:
    with cross_tenant("a test folds"), connection.cursor() as cursor:
        cursor.execute(source_sql.FOLD)


@pytest.fixture
def address() -> EgressIP:
    address = verbs.add(address="192.0.2.1", name="mail1.posthouse.example", proxy="socks5://sam:secret@192.0.2.9:1080")
    pools.put(pool=pools.make(name="shared"), address=address, weight=50)
    return address


def test_folding_changes_no_sum(address: EgressIP) -> None:
    for n in range(3):
        count(address, delivered=10, deferred=n, blocked=1)
        count(address, hours_ago=30, delivered=1)
        count(address, provider="Yahoo", complained=1)
    with cross_tenant("a test looks"):
        before = (egress.timeline(source_id=address.pk, days=7), egress.by_provider(source_id=address.pk, days=7))
        lately = egress.addresses()[0].lately
    assert lately == egress.Counts(30, 3, 0, 3, 3)
    for _ in range(2):
        fold()
        count(address, provider="GMX", delivered=0)
        fold()
        with cross_tenant("a test looks"):
            again = (egress.timeline(source_id=address.pk, days=7), egress.by_provider(source_id=address.pk, days=7))
            assert [moment.counts for moment in again[0]] == [moment.counts for moment in before[0]]
            assert [each for each in again[1] if each[0] != "GMX"] == before[1]
            assert not SourceCount.objects.filter(folded=False).exists()
    with cross_tenant("a test looks"):
        assert SourceCount.objects.count() == 4  # one an hour and provider
        assert EgressIP.objects.get().last_used_at == this_hour()


def test_a_timeline_has_every_row_and_no_other(address: EgressIP) -> None:
    count(address, hours_ago=0, delivered=6)
    count(address, hours_ago=23, delivered=5)
    count(address, hours_ago=24, delivered=100)
    with cross_tenant("a test looks"):
        day = egress.timeline(source_id=address.pk, days=1)
        week = egress.timeline(source_id=address.pk, days=7)
        month = egress.timeline(source_id=address.pk, days=30)
    assert [len(day), len(week), len(month)] == [24, 28, 30]
    assert [moment.counts.delivered for moment in day] == [6, *[0] * 22, 5]
    assert sum(moment.counts.delivered for moment in week) == 111
    assert sum(moment.counts.delivered for moment in month) == 111
    assert day[0].since == this_hour() and day[-1].per_hour == 5
    assert all(moment.since.astimezone(UTC).hour % 6 == 0 for moment in week)


def test_members_see_what_is_dedicated_to_them_and_nothing_of_a_proxy(
    address: EgressIP, organization: Organization
) -> None:
    own = verbs.add(address="2001:DB8::1", name="own.posthouse.example", proxy="haproxy://192.0.2.9:2525")
    pools.put(pool=pools.make(name="own", organization=organization), address=own)
    count(own, delivered=7)
    count(address, delivered=9)
    with tenant_scope(organization):
        (seen,) = egress.addresses()
        assert (seen.address, seen.lately.delivered, seen.proxy) == ("2001:db8::1", 7, "")
        assert seen.pools == (("own", organization.name, 100),)
        assert egress.address("192.0.2.1") is None
        assert egress.timeline(source_id=address.pk, days=1)[0].counts.tried == 0
        assert egress.by_provider(source_id=address.pk, days=1) == []
        for column in ("proxy", "proxy_secret"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                list(EgressIP.objects.values_list(column))
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            EgressIP.objects.update(state=AddressState.PAUSED)
    with cross_tenant("a test looks"):
        assert [seen.proxy for seen in egress.addresses(with_proxies=True)] == [
            "socks5://sam@192.0.2.9:1080",
            "haproxy://192.0.2.9:2525",
        ]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_costs_one_question(rows: int, django_assert_num_queries) -> None:
    for n in range(rows):
        count(verbs.add(address=f"192.0.2.{n + 1}", name=f"m{n}.posthouse.example"), delivered=n)
    with cross_tenant("a test looks"), django_assert_num_queries(1):
        assert [seen.lately.delivered for seen in egress.addresses()] == list(range(rows))


def test_an_address_is_somebodys_only_while_its_relay_lives(address: EgressIP) -> None:
    with cross_tenant("a test looks"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_relay (name, pid, started_at, beat_at, facts) VALUES ('here', 1, now(), now(), '{}') RETURNING id"
        )
        relay = cursor.fetchone()[0]
        EgressIP.objects.update(relay_id=relay)
        (seen,) = egress.addresses()
        assert (seen.relay, seen.is_idle) == ("here", False)
        assert not egress.pools()[0].is_stranded
        cursor.execute("UPDATE sending_relay SET beat_at = now() - interval '11 seconds'")
        (seen,) = egress.addresses()
        assert (seen.relay, seen.is_idle) == ("", True)
        assert egress.pools()[0].is_stranded
        EgressIP.objects.update(state=AddressState.RETIRED)
        assert not egress.pools()[0].is_stranded  # it is passed over
