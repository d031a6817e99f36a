"""What an organization learns of the addresses that carry its mail: budgets and paces, and no address."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tenancy import cross_tenant, tenant_scope
from reputation.actions import warming as acts
from reputation.enums import WarmupSchedule
from reputation.queries import warming
from reputation.queries.warming import Load
from reputation.warming import forecast
from sending.actions import streams
from sending.enums import StreamKind
from sending.models import EgressIP, Pool, PoolAddress, SourceCount


def address(number, pool, *, warm=False, **plan):
    found = EgressIP.objects.create(address=f"192.0.2.{number}", name=f"mta{number}.posthouse.example")
    PoolAddress.objects.create(pool=pool, address=found)
    if not warm:
        acts.start(address_id=found.pk, actor=None, **plan)
    return found


def sent(address, provider, **counts):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    SourceCount.objects.create(source_id=address.pk, provider=provider, hour=hour, **counts)


def limits(organization, **wish):
    with tenant_scope(organization):
        stream = streams.ensure(organization=organization, kind=StreamKind.MARKETING)
        for name, value in wish.items():
            setattr(stream, name, value)
        stream.save()
        return warming.limits(stream)


@pytest.fixture
def shared(db):
    with cross_tenant("the house's own pool"):
        return Pool.objects.create(name="shared", is_default=True)


@pytest.fixture
def own(organization):
    with cross_tenant("a pool of one organization"):
        return Pool.objects.create(name="own", organization=organization, is_default=True)


def test_without_addresses_there_is_no_limit(organization):
    found = limits(organization)
    assert (found.addresses, found.is_warming, found.at("Gmail")) == (0, False, ())


def test_shared_addresses_budgets_are_known_to_everybody(organization, shared):
    with cross_tenant("addresses of a test"):
        sent(address(1, shared), "Gmail", delivered=20, deferred=1)
        address(2, shared, growth=1.4)
    found = limits(organization)
    one, two = sorted(found.at("Gmail"), key=lambda limit: limit.left)
    assert (one.budget, one.left, one.growing[:3]) == (50, 29, (68, 92, 124))
    assert (two.left, two.growing[:2]) == (50, (70, 98))
    assert found.is_shared and found.is_warming


def test_one_warm_address_takes_what_the_others_may_not(organization, shared):
    with cross_tenant("addresses of a test"):
        address(1, shared)
        address(2, shared, warm=True)
    found = limits(organization)
    assert found.is_warming
    assert found.at("Gmail") == ()


def test_the_pool_is_the_one_that_the_relay_chooses(organization, shared, own):
    with cross_tenant("addresses of a test"):
        address(1, shared, warm=True)
        mine = Pool.objects.create(name="mine", organization=organization)
        stranger = Pool.objects.create(name="stranger")
        address(4, stranger)
    assert limits(organization).at("Gmail") == ()  # nothing in its own pool yet: the shared one carries it
    with cross_tenant("addresses of a test"):
        address(2, own)
        address(3, mine, volume=60)
    assert len(limits(organization).at("Gmail")) == 1
    assert limits(organization, pool=mine).at("Gmail")[0].growing == (60,)
    assert limits(organization, pool=mine, overflow=True).at("Gmail") == ()
    assert limits(organization, pool=stranger).at("Gmail")[0].budget == 50


def test_another_organizations_pool_tells_nothing(organization, other_organization, shared):
    with cross_tenant("addresses of a test"):
        theirs = Pool.objects.create(name="theirs", organization=other_organization, is_default=True)
        address(5, theirs)
    with tenant_scope(organization), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM warming.budgets(%s)", [theirs.pk])
        assert cursor.fetchone() == (0,)


def test_parts_of_a_send(organization, shared):
    with cross_tenant("addresses of a test"):
        sent(address(1, shared), "Gmail", delivered=30)
    found = limits(organization)
    gmail, yahoo = warming.parts(
        [Load("Gmail", 500, 10.0), Load("Yahoo", 40, 20.0), Load("Other", 0, 1.0)], found, paces={"Yahoo": 15.0}
    )
    assert (gmail.today, gmail.steady, gmail.is_measured) == (20, [50], False)
    assert (yahoo.today, yahoo.is_measured, yahoo.a_second) == (50, True, 20.0)


def test_a_budget_for_all_providers_is_a_part_of_its_own(organization, shared):
    with cross_tenant("addresses of a test"):
        sent(address(1, shared, schedule=WarmupSchedule.TABLE), "Gmail", delivered=80)
    parts = warming.parts([Load("Gmail", 500, 10.0), Load("Yahoo", 40, 20.0)], limits(organization))
    assert [(part.provider, part.people, part.today) for part in parts] == [
        ("Gmail", 500, None),
        ("Yahoo", 40, None),
        (warming.ALL, 540, 400),
    ]
    begins = datetime(2026, 11, 22, 3, tzinfo=UTC)
    done = forecast.of(parts, begins=begins)
    assert done is not None and done.soonest is not None and done.soonest.date().day == 23


def test_paces_are_those_of_the_best_hour_of_the_week(organization):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    with cross_tenant("counts of a test"):
        for source, ago, delivered in ((1, 1, 3600), (2, 1, 3600), (1, 30, 1000), (1, 24 * 9, 99_999)):
            SourceCount.objects.create(
                source_id=source,
                provider="Gmail",
                hour=hour - timedelta(hours=ago),
                delivered=delivered,
                folded=True,
            )
    with tenant_scope(organization):
        assert warming.paces() == {"Gmail": 2.0}
