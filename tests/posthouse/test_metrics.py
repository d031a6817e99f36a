"""/metrics: only with the token, and true: rows of the ledger, relays and queues as they are."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from posthouse import metrics
from posthouse.celery import app
from sending.actions import budgets, egress, rulings
from sending.actions.rulings import Author, Scope
from sending.enums import DeliveryState, EventKind, Hold
from sending.models import Mailing, Relay, SourceCount, Tally
from tests.sending import ledger

TOKEN = "a-long-token-of-the-operators"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    cache.clear()


def scrape(client: Client) -> dict[str, float]:
    answer = client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.content.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_without_a_token_there_is_no_such_page(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ").status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ümlaut"])
def test_without_the_right_token_nothing_is_told(client: Client, given: str) -> None:
    answer = client.get("/metrics", HTTP_AUTHORIZATION=given, REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 401 and b"posthouse_" not in answer.content
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_member_has_no_key_to_it(as_owner: Client) -> None:
    assert as_owner.get("/metrics").status_code == 401


def test_it_is_for_reading(client: Client) -> None:
    assert client.post("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").status_code == 405


def test_an_empty_house(client: Client) -> None:
    found = scrape(client)
    assert found['posthouse_up{part="database"}'] == 1 and found['posthouse_up{part="broker"}'] == 1
    assert found['posthouse_up{part="relay"}'] == 0
    assert found["posthouse_oldest_waiting_seconds"] == 0
    assert found['posthouse_jobs_waiting{kind="import"}'] == 0 and found['posthouse_jobs_waiting{kind="freeze"}'] == 0


def test_the_queue_and_the_counters_by_provider(
    client: Client, organization: Organization, other_organization: Organization
) -> None:
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        for _ in range(2):
            old = timezone.now() - timedelta(hours=1)
            ledger.delivery(send, state=DeliveryState.QUEUED, provider="", created_at=old)
        ledger.delivery(send, state=DeliveryState.DEFERRED, provider="Gmail", attempts=1)
        ledger.delivery(send, state=DeliveryState.DELIVERED, provider="Gmail")
        for kind, n in ((EventKind.DELIVERED, 5), (EventKind.DEFERRED, 2), (EventKind.OPENED, 9)):
            Tally.objects.create(
                organization=organization, mailing_id=send.pk, provider="Gmail", kind=kind, n=n, at=timezone.now()
            )
    with tenant_scope(other_organization):
        ledger.domain(other_organization, "theirs.example")
        theirs = ledger.mailing(other_organization)
        Tally.objects.create(
            organization=other_organization,
            mailing_id=theirs.pk,
            provider="Gmail",
            kind=EventKind.DELIVERED,
            n=3,
            at=timezone.now(),
        )
    found = scrape(client)
    assert found['posthouse_queue_messages{state="on_its_way",provider="none"}'] == 2
    assert found['posthouse_queue_messages{state="retrying",provider="Gmail"}'] == 1
    assert found['posthouse_deliveries_total{provider="Gmail"}'] == 8
    assert found['posthouse_deferrals_total{provider="Gmail"}'] == 2
    assert not [name for name in found if "open" in name]
    assert 3600 <= found["posthouse_oldest_waiting_seconds"] < 3700


def test_what_a_person_has_stopped_is_not_old(client: Client, organization: Organization) -> None:
    with tenant_scope(organization):
        send = ledger.mailing(organization)
        old = timezone.now() - timedelta(days=3)
        ledger.delivery(send, state=DeliveryState.QUEUED, created_at=old)
        Mailing.objects.filter(pk=send.pk).update(hold=Hold.PAUSED)
    assert scrape(client)["posthouse_oldest_waiting_seconds"] == 0


def test_relays_and_their_holds(client: Client) -> None:
    now = timezone.now()
    facts = {"per_second": 7.5, "connections": 4, "ready": 9, "held_sites": 2}
    facts["slowed"] = {"Greylake": now.timestamp() + 60}  # type: ignore[assignment]
    Relay.objects.create(name="one", pid=1, started_at=now - timedelta(hours=1), beat_at=now, facts=facts)
    Relay.objects.create(
        name='the "other"', pid=2, started_at=now, beat_at=now - timedelta(minutes=1), facts={"connections": 9}
    )
    found = scrape(client)
    assert found['posthouse_relay_up{relay="one"}'] == 1
    assert found['posthouse_relay_up{relay="the \\"other\\""}'] == 0
    assert found['posthouse_relay_heartbeat_age_seconds{relay="the \\"other\\""}'] >= 60
    assert found['posthouse_relay_deliveries_per_second{relay="one"}'] == 7.5
    assert found['posthouse_relay_connections{relay="the \\"other\\""}'] == 0, "who is silent has no connections"
    assert found['posthouse_relay_held_sites{relay="one"}'] == 2
    assert 55 <= found['posthouse_held_seconds{provider="Greylake"}'] <= 60


def test_rulings_by_kind_and_author(client: Client) -> None:
    rulings.hold(
        scope=Scope(provider="Gmail"), reason="their outage", lasting=timedelta(hours=1), author=Author("Oskar")
    )
    found = scrape(client)
    assert found['posthouse_rulings{kind="hold",by="person"}'] == 1
    assert (
        found['posthouse_rulings{kind="hold",by="relay"}'] == found['posthouse_rulings{kind="limit",by="person"}'] == 0
    )


def test_the_workers_queues(client: Client) -> None:
    before = scrape(client)['posthouse_tasks_waiting{queue="bulk"}']
    with app.connection_for_write() as link:
        queue = link.SimpleQueue("bulk")
        try:
            queue.put({"a": "task"})
            assert scrape(client)['posthouse_tasks_waiting{queue="bulk"}'] == before + 1
        finally:
            queue.clear()
            queue.close()


def test_the_ledger_is_counted_once_in_a_while(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    count = metrics._count
    monkeypatch.setattr(metrics, "_count", lambda: counted.append(1) or count())
    for _ in range(3):
        scrape(client)
    assert len(counted) == 1


def test_a_database_that_cannot_be_reached_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OSError("no database")

    monkeypatch.setattr(metrics, "of_the_database", gone)
    found = scrape(client)
    assert found['posthouse_up{part="database"}'] == 0 and found['posthouse_up{part="broker"}'] == 1
    assert not [name for name in found if name.startswith("posthouse_queue")]


def test_addresses_in_use(client: Client) -> None:
    address = egress.add(address="192.0.2.1", name="mail1.posthouse.example")
    egress.retire(address=egress.add(address="192.0.2.2", name="mail2.posthouse.example"), why="Given back")
    with cross_tenant("the test counts"):
        SourceCount.objects.create(source_id=address.pk, provider="Gmail", hour=timezone.now(), delivered=7, blocked=2)
    found = scrape(client)
    assert found['posthouse_address_up{address="192.0.2.1"}'] == 0
    assert found['posthouse_address_name_confirmed{address="192.0.2.1"}'] == 0
    assert found['posthouse_address_answers_day{address="192.0.2.1",answer="delivered"}'] == 7
    assert found['posthouse_address_answers_day{address="192.0.2.1",answer="blocked"}'] == 2
    assert not any("192.0.2.2" in name for name in found)


def test_budgets_of_today(client: Client) -> None:
    address = egress.add(address="192.0.2.1", name="mail1.posthouse.example")
    with cross_tenant("the test counts"):
        today = timezone.now()
        budgets.put(source_id=address.pk, budgets={"": (480, 0), "Gmail": (50, 0)}, since=today.date())
        SourceCount.objects.create(source_id=address.pk, provider="Gmail", hour=today, delivered=7, blocked=2)
    found = scrape(client)
    assert found['posthouse_address_budget_messages{address="192.0.2.1",provider="Gmail"}'] == 50
    assert found['posthouse_address_budget_used_messages{address="192.0.2.1",provider="Gmail"}'] == 9
    assert found['posthouse_address_budget_messages{address="192.0.2.1",provider="all"}'] == 480
    egress.retire(address=address, why="Given back")
    cache.clear()
    assert not any(name.startswith("posthouse_address_budget") for name in scrape(client))
