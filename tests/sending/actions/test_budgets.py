"""Budgets that are put are all there is, and the relays read them with what has left today."""

from datetime import date, timedelta

import psycopg
import pytest
from django.utils import timezone

from accounts.tenancy import cross_tenant, daemon_dsn
from sending.actions import budgets
from sending.adapters import budget_sql
from sending.models import Budget, EgressIP, SourceCount

TODAY = date(2026, 11, 22)


@pytest.fixture
def address(db):
    with cross_tenant("a test makes an address"):
        return EgressIP.objects.create(address="192.0.2.7", name="mta7.posthouse.example")


def read():
    from django.db import connection

    with cross_tenant("a test reads as a relay does"), connection.cursor() as cursor:
        cursor.execute(budget_sql.IN_FORCE)
        return {row[1]: budget_sql.budget(row) for row in cursor.fetchall()}


def test_put_replaces_and_lift_ends(address):
    with cross_tenant("a test sets budgets"):
        budgets.put(source_id=address.pk, budgets={"Gmail": (50, 0), "Yahoo": (50, 0)}, since=TODAY)
        budgets.put(source_id=address.pk, budgets={"Gmail": (68, 3), "Other": (50, 0)}, since=TODAY + timedelta(days=1))
        assert set(Budget.objects.values_list("provider", "messages", "an_hour")) == {
            ("Gmail", 68, 3),
            ("Other", 50, 0),
        }
        budgets.lift(source_id=address.pk)
        assert not Budget.objects.exists()


def test_what_has_left_today_is_counted_folded_or_not(address):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    with cross_tenant("a test writes counts"):
        budgets.put(source_id=address.pk, budgets={"": (480, 20), "Gmail": (50, 0), "Yahoo": (50, 0)}, since=TODAY)
        common = {"source_id": address.pk, "provider": "Gmail", "hour": hour}
        SourceCount.objects.create(**common, delivered=5, deferred=1, bounced=1, blocked=1, complained=9, folded=True)
        SourceCount.objects.create(**common, delivered=2)
        SourceCount.objects.create(**common | {"provider": "Yahoo"}, delivered=1)
        SourceCount.objects.create(**common | {"hour": hour - timedelta(days=1)}, delivered=100, folded=True)
        SourceCount.objects.create(**common | {"source_id": address.pk + 1}, delivered=100)
    found = read()
    assert {name: one.used for name, one in found.items()} == {"": 11, "Gmail": 10, "Yahoo": 1}
    assert (found[""].messages, found[""].an_hour) == (480, 20)
    assert found["Gmail"].day == timezone.now().timestamp() // 86400


@pytest.mark.django_db(transaction=True)
def test_relays_are_told(address):
    with psycopg.connect(daemon_dsn(), autocommit=True) as listener:
        listener.execute(f"LISTEN {budgets.NEWS_CHANNEL}")
        with cross_tenant("a test sets budgets"):
            budgets.put(source_id=address.pk, budgets={"Gmail": (50, 0)}, since=TODAY)
        assert [news.channel for news in listener.notifies(timeout=5, stop_after=1)] == [budgets.NEWS_CHANNEL]
