"""On its way: an organization's own mail that waits, why, until when; and nothing about anybody else's."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.enums import DeliveryState, EventKind, Hold
from sending.models import Mailing, Relay
from sending.queries import waiting
from tests.sending import ledger


@pytest.fixture(autouse=True)
def fresh() -> None:
    cache.clear()


@pytest.fixture
def send(organization: Organization, draft: Campaign) -> Mailing:
    with tenant_scope(organization):
        found = ledger.mailing(organization)
        Campaign.objects.filter(pk=draft.pk).update(mailing=found)
        return found


def page(client: Client, organization: Organization, name: str = "waiting", **query: Any) -> str:
    answer = client.get(reverse(f"campaigns:{name}", args=[organization.public_id]), query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def wait(send: Mailing, n: int = 1, *, minutes: float = 1, **facts: Any) -> None:
    with tenant_scope(send.organization):
        for number in range(n):
            facts = {"state": DeliveryState.QUEUED, "address": f"p{number}@kettle.example", "provider": ""} | facts
            ledger.delivery(send, created_at=timezone.now() - timedelta(minutes=minutes), **facts)


def relay(**facts: Any) -> None:
    now = timezone.now()
    Relay.objects.create(name="r", pid=1, started_at=now, beat_at=now, facts=facts)


def held(provider: str, *, cause: str = "rate_limit", hosts: tuple[str, ...] = ()) -> dict[str, Any]:
    now = timezone.now().timestamp()
    return {
        "site": f"mx.{provider.lower()}.example",
        "provider": provider,
        "hosts": list(hosts),
        "cause": cause,
        "why": "421 too much mail from secret@stranger.example",
        "since": now - 60,
        "until": now + 600,
    }


def test_an_empty_queue_teaches(as_owner: Client, organization: Organization) -> None:
    said = page(as_owner, organization)
    assert "Nothing waits" in said and "See campaigns" in said


def test_by_provider_and_age_with_the_pace(as_owner: Client, organization: Organization, send: Mailing) -> None:
    relay(talks=[[organization.pk, "Granite", 2], [organization.pk + 1, "Granite", 40]])
    wait(send, 3, minutes=1, provider="Granite")
    wait(send, 2, minutes=100, provider="Granite", address="late@kettle.example")
    with connection.cursor() as cursor, tenant_scope(organization):
        cursor.executemany(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind, provider) VALUES (%s, %s, 1, %s, %s)",
            [(organization.pk, send.pk, EventKind.DELIVERED, "Granite")] * 10,
        )
    said = page(as_owner, organization)
    assert "They wait for their turn." in said
    assert 'data-label="under 5 min"><a href=' in said and "&amp;age=5" in said
    assert '<td class="num" data-label="Waiting">5</td>' in said
    assert '<td class="num" data-label="Per minute">2</td>' in said
    assert '<td class="num" data-label="Connections">2</td>' in said, "others' conversations are not theirs to know"


def test_why_and_until_when_and_not_a_word_of_others(
    as_owner: Client, organization: Organization, send: Mailing
) -> None:
    relay(held=[held("Greylake"), held("Elsewhere", cause="ip_reputation")])
    wait(send, 2, provider="Greylake", state=DeliveryState.DEFERRED, reason="rate_limit", attempts=1)
    wait(send, 1, provider="Granite", state=DeliveryState.DEFERRED, reason="mailbox_full", attempts=1)
    wait(send, 1, provider="Granite", state=DeliveryState.DEFERRED, reason="of_the_future", attempts=1)
    said = page(as_owner, organization)
    assert "Greylake asked us to slow down. We send nothing there for a while." in said
    assert "Their mailbox is full." in said and "Their server asked us to come back later." in said
    assert "stranger.example" not in said and "Elsewhere" not in said
    assert "Nothing is being sent" not in said


def test_what_was_decreed_is_told_and_why_it_waits(
    as_owner: Client, organization: Organization, other_organization: Organization, send: Mailing
) -> None:
    author, hour = Author("Oskar"), timedelta(hours=1)
    rulings.hold(scope=Scope(provider="Granite"), reason="a secret", lasting=hour, author=author, told="An outage.")
    rulings.hold(
        scope=Scope(organization=other_organization), reason="x", lasting=hour, author=author, told="Not yours."
    )
    relay(held=[held("Greylake")])
    wait(send, 2, provider="Greylake")
    wait(send, 2, provider="Granite", state=DeliveryState.DEFERRED, reason="mailbox_full", attempts=1)
    said = page(as_owner, organization)
    assert (
        said.count("An operator of this Posthouse holds all mail to Granite. An outage.") == 2
    )  # held, and why it waits
    assert "Greylake asked us to slow down." in said and "Their mailbox is full." not in said
    assert not any(secret in said for secret in ("a secret", "Not yours.", "Oskar"))


def test_a_paused_send_says_so_before_all_else(as_owner: Client, organization: Organization, send: Mailing) -> None:
    relay(held=[held("Greylake")])
    with tenant_scope(organization):
        Mailing.objects.filter(pk=send.pk).update(hold=Hold.PAUSED)
    wait(send, 2, provider="Greylake")
    said = page(as_owner, organization)
    assert "The send is paused." in said and "slow down" not in said


def test_without_a_relay_it_is_said(as_owner: Client, organization: Organization, send: Mailing) -> None:
    wait(send)
    assert "Nothing is being sent" in page(as_owner, organization)


def test_other_organizations_mail_is_not_there(
    as_owner: Client, organization: Organization, other_organization: Organization
) -> None:
    with tenant_scope(other_organization):
        ledger.domain(other_organization, "theirs.example")
        theirs = ledger.mailing(other_organization)
    wait(theirs, 3, provider="Granite")
    assert "Nothing waits" in page(as_owner, organization)
    assert "None of these waits any more" in page(as_owner, organization, "waiting_messages", provider="Granite")


def test_a_number_leads_to_its_messages(as_owner: Client, organization: Organization, send: Mailing) -> None:
    wait(send, 1, minutes=1, provider="Granite", address="young@kettle.example")
    wait(send, 1, minutes=100, provider="Granite", address="old@kettle.example")
    wait(send, 1, provider="", address="new@kettle.example")
    wait(send, 1, provider="Gmail", state=DeliveryState.DEFERRED, reason="mailbox_full", address="full@kettle.example")

    def who(**query: Any) -> set[str]:
        said = page(as_owner, organization, "waiting_messages", **query)
        return {name for name in ("young", "old", "new", "full") if f"{name}@" in said}

    assert who() == {"young", "old", "new", "full"}
    assert who(provider="Granite") == {"young", "old"}
    assert who(provider="Granite", age="5") == {"old"}
    assert who(provider="") == {"new"}
    assert who(reason="mailbox_full", hold="") == {"full"}
    assert who(hold="paused") == set()
    said = page(as_owner, organization, "waiting_messages", provider="Gmail")
    assert "Spring letter" in said and "Their mailbox is full." in said


@pytest.mark.parametrize(
    "query", [{"age": "99"}, {"age": "²"}, {"after": "x 1"}, {"after": "2026-13-01 1"}, {"provider": "\x00"}]
)
def test_nonsense_in_the_address_is_no_error(
    query: dict[str, str], as_owner: Client, organization: Organization
) -> None:
    page(as_owner, organization, "waiting_messages", **query)


def test_page_after_page(
    as_owner: Client, organization: Organization, send: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(organization):
        for number in range(5):
            wait(send, 1, minutes=10 - number, address=f"p{number}@kettle.example")
        seen: list[str] = []
        after = None
        while True:
            found, after = waiting.messages(organization_id=organization.pk, after=after, limit=2)
            seen += [message.address for message in found]
            if after is None:
                break
    assert seen == [f"p{number}@kettle.example" for number in range(5)]


def test_only_so_many_are_looked_at_and_that_is_said(
    as_owner: Client, organization: Organization, send: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_LOOKED", 3)
    wait(send, 5)
    assert "The tables are about 3 of the 5 that wait." in page(as_owner, organization)


@pytest.mark.parametrize("rows", [1, 3])
def test_queries(
    rows: int, as_owner: Client, organization: Organization, send: Mailing, django_assert_num_queries: Any
) -> None:
    relay()
    for number in range(rows):
        wait(send, 1, provider=f"P{number}", address=f"p@d{number}.example")
    with django_assert_num_queries(19):
        page(as_owner, organization)
    with django_assert_num_queries(13):
        page(as_owner, organization, "waiting_messages")
