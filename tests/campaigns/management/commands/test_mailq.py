"""The queue as an operator sees it: rows of the ledger, by place and age, with totals; of everybody or of one."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.models import Campaign
from sending.enums import DeliveryState, Hold
from sending.models import DomainProvider, Mailing, Relay
from tests.sending import ledger

pytestmark = pytest.mark.django_db


def queue(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command("mailq", *words, stdout=out, **options)
    return out.getvalue()


def as_object(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(queue("--json", *words))
    return found


@pytest.fixture
def send(organization: Organization) -> Mailing:
    with tenant_scope(organization):
        return ledger.mailing(organization, name="Spring letter")


def wait(send: Mailing, minutes: float, *, n: int = 1, **facts: Any) -> None:
    with tenant_scope(send.organization):
        for number in range(n):
            facts = {"state": DeliveryState.QUEUED, "address": f"p{number}@kettle.example", "provider": ""} | facts
            ledger.delivery(send, created_at=timezone.now() - timedelta(minutes=minutes), **facts)


def test_nothing_waits_and_no_relay_runs() -> None:
    said = queue()
    assert "No mail waits." in said and "No relay runs" in said
    assert as_object()["total"] == 0


def test_each_age_has_its_column(send: Mailing) -> None:
    for minutes in (1, 5.5, 11, 21, 41, 81, 161, 321, 641, 1281, 9000):
        wait(send, minutes)
    found = as_object()
    assert found["ages_in_minutes"] == [5, 10, 20, 40, 80, 160, 320, 640, 1280]
    assert found["counts"] == [1] * 9 + [2] and found["total"] == 11
    table = queue()
    assert "1280+" in table and "(not tried yet)" in table and "6 d" in table


def test_by_provider_and_by_domain(send: Mailing) -> None:
    with cross_tenant("a relay has learned it"):
        DomainProvider.objects.create(domain="kettle.example", provider="Granite", learned_at=timezone.now())
    wait(send, 1, n=3)
    wait(send, 30, n=2, state=DeliveryState.DEFERRED, provider="Gmail", reason="rate_limit", address="a@tea.example")
    found = as_object()
    assert [(place["place"], place["total"], place["reason"]) for place in found["places"]] == [
        ("Granite", 3, ""),
        ("Gmail", 2, "rate_limit"),
    ]
    assert [place["place"] for place in as_object("--by", "domain")["places"]] == ["kettle.example", "tea.example"]
    assert as_object("--retried")["total"] == 2


def test_what_a_relay_has_in_hand_waits_too(send: Mailing) -> None:
    wait(send, 1, state=DeliveryState.SENDING, provider="Gmail", relay_id=7)
    assert as_object()["places"][0]["states"] == {"sending": 1}


def test_few_places_are_named_and_the_others_are_summed(send: Mailing) -> None:
    for number in range(5):
        wait(send, 1, n=5 - number, address=f"x@d{number}.example")
    places = as_object("--by", "domain", "--limit", "2")["places"]
    assert [(place["place"], place["total"]) for place in places] == [
        ("d0.example", 5),
        ("d1.example", 4),
        ("(others): 3", 6),
    ]


def test_sites_are_asked_of_the_dns_and_an_unknown_way_is_said(send: Mailing, settings: Any) -> None:
    settings.RELAY_RESOLVER = "127.0.0.1:9"
    wait(send, 1, n=2)
    assert [(place["place"], place["total"]) for place in as_object("--by", "site")["places"]] == [
        ("(no way found)", 2)
    ]


def test_of_one_organization_or_campaign_only(
    send: Mailing, other_organization: Organization, draft: Campaign, organization: Organization
) -> None:
    wait(send, 1, n=3)
    with tenant_scope(other_organization):
        ledger.domain(other_organization, "theirs.example")
        theirs = ledger.mailing(other_organization)
    wait(theirs, 1)
    with tenant_scope(organization):
        Campaign.objects.filter(pk=draft.pk).update(mailing=send)
    assert as_object()["total"] == 4
    assert as_object("--organization", organization.public_id)["total"] == 3
    assert as_object("--organization", other_organization.public_id)["total"] == 1
    assert as_object("--campaign", draft.public_id)["total"] == 3
    for words in (("--organization", "nobody"), ("--campaign", "none")):
        with pytest.raises(CommandError, match="id is in its pages' addresses"):
            queue(*words)


def test_a_send_that_stands_still_is_named(send: Mailing) -> None:
    with tenant_scope(send.organization):
        Mailing.objects.filter(pk=send.pk).update(hold=Hold.PAUSED)
    wait(send, 1, n=2)
    assert f"2 of these stand still: send {send.pk} (Spring letter) is paused." in queue()
    assert as_object()["places"][0]["held_back"] == 2


def test_it_is_few_queries_whatever_waits(send: Mailing, django_assert_num_queries: Any) -> None:
    for n in (1, 3):
        wait(send, 1, n=n)
        with django_assert_num_queries(8):
            queue()


def test_holds(send: Mailing) -> None:
    assert "No site is held." in queue("--holds")
    now = timezone.now()
    held = {
        "site": "mx.granite.example",
        "provider": "Granite",
        "hosts": ["mx.granite.example"],
        "cause": "rate_limit",
        "why": "slow down",
        "since": now.timestamp() - 60,
        "until": now.timestamp() + 600,
    }
    Relay.objects.create(name="one", pid=1, started_at=now, beat_at=now, facts={"held": [held]})
    assert "mx.granite.example (Granite) by relay one: for 1 min, 10 min more: rate_limit: slow down" in queue(
        "--holds"
    )
    assert json.loads(queue("--holds", "--json"))[0]["cause"] == "rate_limit"
