"""Each day is decided once by the day before it, at each provider; the relays get the budgets of it."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections

from accounts.tenancy import cross_tenant
from reputation import tasks
from reputation.actions import warming
from reputation.enums import WarmupMove, WarmupSchedule, WarmupState
from reputation.errors import Refused
from reputation.models import Warmup, WarmupDay
from sending.enums import AddressState
from sending.models import Budget, EgressIP, SourceCount
from sending.relay import sites

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _house(request, db):
    if "transactional_db" in request.fixturenames:
        yield
        return
    with cross_tenant("tests of warm-ups are the house's"):
        yield


@pytest.fixture
def address(db):
    return EgressIP.objects.create(address="192.0.2.9", name="mta9.posthouse.example")


@pytest.fixture
def now(monkeypatch):
    """A day that can be set."""

    class Now:
        day = TODAY

    monkeypatch.setattr(warming, "today", lambda: Now.day)
    return Now


def sent(address, day, provider="Gmail", hours=(9,), **counts):
    for hour in hours:
        at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        SourceCount.objects.create(source_id=address.pk, provider=provider, hour=at, **counts)


def budget(address, provider="Gmail"):
    return Budget.objects.filter(source_id=address.pk, provider=provider).values_list("messages", flat=True).first()


def move(warmup, day, provider="Gmail"):
    row = WarmupDay.objects.get(warmup=warmup, provider=provider, day=day)
    return (row.budget, row.move, row.cause)


def test_it_starts_with_fifty_at_every_provider(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    assert set(Budget.objects.values_list("provider", "messages")) == {
        (name, 50) for name in [*(provider.name for provider in sites.directory().providers), "Other"]
    }
    assert WarmupDay.objects.filter(warmup=warmup, move=WarmupMove.STARTED, day=TODAY).count() == Budget.objects.count()


def test_each_provider_goes_its_own_way(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    sent(address, TODAY, "Gmail", delivered=49, deferred=1)
    sent(address, TODAY, "Yahoo", delivered=20)
    sent(address, TODAY, "Other", delivered=40, blocked=5)
    sent(address, TODAY + timedelta(days=1), "Gmail", delivered=5)  # of the new day: not looked at
    assert warming.decide(warmup_id=warmup.pk, now=TODAY + timedelta(days=1))
    assert (budget(address), budget(address, "Yahoo"), budget(address, "Other")) == (68, 50, 50)
    tomorrow = TODAY + timedelta(days=1)
    assert move(warmup, tomorrow) == (68, "advanced", "")
    assert move(warmup, tomorrow, "Yahoo") == (50, "held", "unused")
    assert move(warmup, tomorrow, "Other") == (50, "halved", "blocked")
    seen = WarmupDay.objects.get(warmup=warmup, provider="Gmail", day=tomorrow).seen
    assert seen == {"delivered": 49, "deferred": 1, "bounced": 0, "blocked": 0, "complained": 0}


def test_a_day_is_decided_once_and_days_without_a_worker_are_no_steps(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    for n in range(4):
        sent(address, TODAY + timedelta(days=n), delivered=50)
    later = TODAY + timedelta(days=4)
    assert warming.due(now=later, limit=10) == [warmup.pk]
    assert warming.decide(warmup_id=warmup.pk, now=later)
    assert not warming.decide(warmup_id=warmup.pk, now=later)
    assert warming.due(now=later, limit=10) == []
    assert budget(address) == 68
    assert WarmupDay.objects.filter(warmup=warmup, provider="Gmail").count() == 2


def test_paused_stands_still_and_goes_on_from_where_it_was(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    sent(address, TODAY, delivered=50)
    warming.pause(warmup=warmup, actor=None, why="The DNS moves.")
    now.day = TODAY + timedelta(days=3)
    assert warming.due(now=now.day, limit=10) == []
    assert not warming.decide(warmup_id=warmup.pk, now=now.day)
    assert budget(address) == 50
    with pytest.raises(Refused):
        warming.pause(warmup=warmup, actor=None, why="")
    warming.resume(warmup=warmup, actor=None)
    with pytest.raises(Refused):
        warming.resume(warmup=warmup, actor=None)
    sent(address, now.day, delivered=50)
    now.day += timedelta(days=1)
    assert warming.decide(warmup_id=warmup.pk, now=now.day)
    assert budget(address) == 68


def test_a_retired_address_is_decided_about_no_more(address, now):
    warming.start(address_id=address.pk, actor=None)
    EgressIP.objects.update(state=AddressState.RETIRED)
    assert warming.due(now=TODAY + timedelta(days=1), limit=10) == []
    with pytest.raises(Refused, match="retired"):
        warming.start(address_id=address.pk, actor=None)


def test_skipping_needs_a_reason_and_lifts_the_limits(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    with pytest.raises(Refused, match="why"):
        warming.skip(warmup=warmup, actor=None, why="  ")
    assert budget(address) == 50
    warming.skip(warmup=warmup, actor=None, why="It was warm at our former house.")
    assert not Budget.objects.exists()
    assert warming.due(now=TODAY + timedelta(days=1), limit=10) == []
    warming.start(address_id=address.pk, actor=None)  # after all
    assert budget(address) == 50


def test_it_graduates_provider_by_provider_and_thirty_idle_days_begin_again(address, now):
    warmup = warming.start(address_id=address.pk, actor=None, schedule=WarmupSchedule.TABLE, volume=480)
    assert Budget.objects.get().provider == ""
    sent(address, TODAY, "Gmail", hours=(8, 9), delivered=10)
    sent(address, TODAY, "Yahoo", hours=(9,), delivered=15)
    day = TODAY + timedelta(days=1)
    warming.decide(warmup_id=warmup.pk, now=day)
    warmup.refresh_from_db()
    assert (warmup.state, Budget.objects.count()) == (WarmupState.DONE, 0)
    sent(address, day, delivered=5_000)
    for n in range(2, 31):
        warming.decide(warmup_id=warmup.pk, now=TODAY + timedelta(days=n))
    assert not Budget.objects.exists()
    assert WarmupDay.objects.count() == 2
    warming.decide(warmup_id=warmup.pk, now=TODAY + timedelta(days=31))
    again = TODAY + timedelta(days=2 + 30)
    assert move(warmup, again - timedelta(days=1), "") == (480, "restarted", "unused")
    warmup.refresh_from_db()
    assert (warmup.state, Budget.objects.get().messages) == (WarmupState.RUNNING, 480)


def test_another_volume_keeps_what_was_reached_and_another_schedule_begins_anew(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    sent(address, TODAY, delivered=50)
    now.day = TODAY + timedelta(days=1)
    warming.decide(warmup_id=warmup.pk, now=now.day)
    warming.choose(warmup=warmup, actor=None, schedule=WarmupSchedule.HOUSE, volume=60, growth=1.3)
    assert budget(address) == 60
    warming.choose(warmup=warmup, actor=None, schedule=WarmupSchedule.TABLE, volume=100_000, growth=1.35)
    assert list(Budget.objects.values_list("provider", "messages", "an_hour")) == [("", 480, 20)]
    with pytest.raises(Refused, match="no schedule"):
        warming.choose(warmup=Warmup.objects.get(), actor=None, schedule=WarmupSchedule.TABLE, volume=9, growth=1.3)


def test_the_daily_task_finds_those_that_are_due(address, now):
    warming.start(address_id=address.pk, actor=None)
    sent(address, TODAY, delivered=50)
    tasks.warm_addresses()
    assert budget(address) == 50
    now.day = TODAY + timedelta(days=1)
    tasks.warm_addresses()
    tasks.warm_addresses()
    assert budget(address) == 68


def test_old_days_are_forgotten_but_for_the_newest(address, now):
    warmup = warming.start(address_id=address.pk, actor=None)
    for n in range(1, 4):
        warming.decide(warmup_id=warmup.pk, now=TODAY + timedelta(days=n))
    assert warming.forget_old(before=TODAY + timedelta(days=400)) > 0
    assert WarmupDay.objects.filter(warmup=warmup, provider="Gmail").count() == 1
    assert warming.decide(warmup_id=warmup.pk, now=TODAY + timedelta(days=5))


@pytest.mark.django_db(transaction=True)
def test_two_workers_decide_a_day_once(transactional_db):
    with cross_tenant("an address of a test"):
        address = EgressIP.objects.create(address="192.0.2.10", name="mta10.posthouse.example")
        warmup = warming.start(address_id=address.pk, actor=None)
        today = warming.today()
        sent(address, today, delivered=50)
    done = []

    def work():
        with cross_tenant("one of two workers"):
            done.append(warming.decide(warmup_id=warmup.pk, now=today + timedelta(days=1)))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with cross_tenant("a test looks"):
        assert sorted(done) == [False, True]
        assert budget(address) == 68
        assert WarmupDay.objects.filter(provider="Gmail").count() == 2
