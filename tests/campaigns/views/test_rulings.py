"""The operator's page of rulings: for operators only; nothing stops everybody without being asked twice."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import cross_tenant
from campaigns import operator_urls, wording
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.models import Relay, Ruling

pytestmark = pytest.mark.django_db

PAGES = [
    ("get", "rulings", {}),
    ("get", "ruling_new", {"kind": "hold"}),
    ("post", "ruling_new", {"kind": "limit"}),
    ("post", "ruling_new", {"kind": "release"}),
    ("post", "ruling_end", {"ruling": 1}),
    ("post", "ruling_extend", {"ruling": 1}),
]
HOUR = timedelta(hours=1)


def address(name: str, **kwargs: object) -> str:
    return reverse(f"operating:{name}", kwargs=kwargs)


def all_() -> list[Ruling]:
    with cross_tenant("the test looks"):
        return list(Ruling.objects.select_related("organization", "mailing").order_by("pk"))


def hold(**scope: object) -> Ruling:
    return rulings.hold(scope=Scope(**scope), reason="their outage", lasting=HOUR, author=Author("Oskar"))  # type: ignore[arg-type]


def test_every_page_is_tried_by_everybody() -> None:
    assert {pattern.name for pattern in operator_urls.urlpatterns} == {name for _, name, _ in PAGES}


@pytest.mark.parametrize(("method", "name", "kwargs"), PAGES)
@pytest.mark.parametrize("who", ["owner", "marketer", "analyst", "outsider"])
def test_members_are_not_told_that_it_is_there(
    request: pytest.FixtureRequest, method: str, name: str, kwargs: dict[str, object], who: str
) -> None:
    client: Client = request.getfixturevalue(f"as_{who}")
    assert getattr(client, method)(address(name, **kwargs)).status_code == 404


@pytest.mark.parametrize(("method", "name", "kwargs"), PAGES)
def test_nobody_is_asked_to_log_in(client: Client, method: str, name: str, kwargs: dict[str, object]) -> None:
    response = getattr(client, method)(address(name, **kwargs))
    assert response.status_code == 302 and "login" in response["Location"]


def test_an_operator_holds_a_provider_and_ends_it(as_operator: Client) -> None:
    form = {"provider": "Gmail", "lasting": "120", "reason": "their outage", "told": "Gmail has an outage."}
    response = as_operator.post(address("ruling_new", kind="hold"), form, follow=True)
    (ruling,) = all_()
    assert (ruling.provider, ruling.reason, ruling.told, ruling.author_name) == (
        "Gmail",
        "their outage",
        "Gmail has an outage.",
        "Oskar",
    )
    assert 119 < (ruling.expires_at - timezone.now()).total_seconds() / 60 <= 120
    page = response.content.decode()
    assert "Mail to Gmail" in page and "their outage" in page and "People read: Gmail has an outage." in page
    as_operator.post(address("ruling_extend", ruling=ruling.pk), {"lasting": "1440"})
    assert all_()[0].expires_at > timezone.now() + timedelta(hours=23)
    page = as_operator.post(address("ruling_end", ruling=ruling.pk), follow=True).content.decode()
    assert "It is over." in page and all_()[0].ended_by_name == "Oskar"
    page = as_operator.post(address("ruling_end", ruling=ruling.pk), follow=True).content.decode()
    assert "It is over already." in page
    assert as_operator.post(address("ruling_extend", ruling=ruling.pk), {"lasting": "7"}).status_code == 404


def test_a_limit_of_an_organization(as_operator: Client, organization: Organization) -> None:
    form = {"organization": organization.public_id, "lasting": "60", "reason": "a new sender", "connections": "2"}
    as_operator.post(address("ruling_new", kind="limit"), form)
    (ruling,) = all_()
    assert (ruling.kind, ruling.organization, ruling.connections) == ("limit", organization, 2)
    page = as_operator.get(address("rulings")).content.decode()
    assert "All mail of Copper Kettle: at most 2 connections" in page


def test_nothing_stops_everybody_without_being_asked_twice(as_operator: Client) -> None:
    form = {"lasting": "60", "reason": "a wrong letter leaves"}
    response = as_operator.post(address("ruling_new", kind="hold"), form)
    assert response.status_code == 422 and "all mail of everybody" in response.content.decode()
    assert all_() == []
    response = as_operator.post(address("ruling_new", kind="hold"), form | {"sure": "Everything"})
    assert response.status_code == 302 and len(all_()) == 1


@pytest.mark.parametrize(
    ("kind", "form", "because"),
    [
        ("hold", {"provider": "Gmail", "lasting": "60", "reason": " "}, "required"),
        ("hold", {"provider": "Gmial", "lasting": "60", "reason": "x"}, "not one of the available"),
        ("hold", {"provider": "Gmail", "lasting": "7", "reason": "x"}, "not one of the available"),
        ("hold", {"organization": "nobody", "lasting": "60", "reason": "x"}, "no organization nobody"),
        ("hold", {"campaign": "nothing", "lasting": "60", "reason": "x"}, "no campaign nothing"),
        ("limit", {"provider": "Gmail", "lasting": "60", "reason": "x"}, "Say what is limited"),
        ("limit", {"provider": "Gmail", "lasting": "60", "reason": "x", "connections": "-3"}, "greater than or equal"),
    ],
)
def test_what_cannot_be_is_said(as_operator: Client, kind: str, form: dict[str, str], because: str) -> None:
    response = as_operator.post(address("ruling_new", kind=kind), form)
    assert response.status_code == 422 and because in response.content.decode()
    assert all_() == []


def test_a_release_ends_what_relays_ruled_and_leaves_what_people_did(
    as_operator: Client, organization: Organization
) -> None:
    mine = hold(organization=organization)
    with cross_tenant("the test is a relay"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_ruling (kind, by, author_name, reason, told, cause, source_id, provider, site, "
            "organization_id, connections, messages, per_minute, created_at, expires_at, ended_by_name) VALUES "
            "('hold', 'relay', 'node-1', '550 5.7.1 your domain is bad', '', 'domain_reputation', 0, 'Gmail', '', %s, 0, 0, "
            "0, now(), now() + interval '1 hour', '')",
            [organization.pk],
        )
    page = as_operator.get(address("rulings")).content.decode()
    assert "your domain is bad" in page and "domain_reputation" not in page and "(a relay)" in page
    assert f"{wording.held('domain_reputation', 'Gmail')}. 550 5.7.1" in page
    response = as_operator.post(
        address("ruling_new", kind="release"), {"provider": "Gmail", "reason": "asked their postmaster"}, follow=True
    )
    assert "1 of their own rulings ended." in response.content.decode()
    states = {ruling.author_name: ruling.ended_at is not None for ruling in all_() if ruling.kind == "hold"}
    assert states == {"Oskar": False, "node-1": True} and all_()[0] == mine


def test_what_relays_hold_and_learned_is_told(as_operator: Client) -> None:
    now = timezone.now()
    facts = {
        "held": [
            {
                "site": "mx.greylake.example",
                "provider": "Greylake",
                "source": "192.0.2.7",
                "hosts": [],
                "cause": "rate_limit",
                "why": "421 4.7.28 too much <b>mail</b>",
                "since": now.timestamp() - 60,
                "until": now.timestamp() + 600,
            }
        ],
        "busy": [
            {
                "site": "mx.granite.example",
                "provider": "Granite",
                "connections": 1,
                "window": 1,
                "limit": 10,
                "ready": 0,
                "failures": 1,
            }
        ],
    }
    learned = {"source": 0, "provider": "Granite", "site": "mx.granite.example", "trouble": 4, "since": now.timestamp()}
    facts["learned"] = [
        learned | {"what": "connections", "value": 3.0},
        learned | {"what": "whole pace", "value": 0.5},
        learned | {"what": "messages", "value": 20},
    ]
    Relay.objects.create(name="node-1", pid=1, started_at=now, beat_at=now, facts=json.loads(json.dumps(facts)))
    page = as_operator.get(address("rulings")).content.decode()
    assert "Greylake asked us to slow down." in page and "too much &lt;b&gt;mail" in page
    assert "At most 3 connections at once" in page and "At most 30 messages a minute" in page
    assert "At most 20 messages in one connection" in page
    assert "mx.granite.example" in page and "site=mx.greylake.example" in page
    assert "Greylake, from 192.0.2.7" in page and "provider=Greylake&amp;source=192.0.2.7" in page
    form = as_operator.get(
        address("ruling_new", kind="release") + "?site=mx.greylake.example&provider=Gmail"
    ).content.decode()
    assert 'value="mx.greylake.example"' in form and '<option value="Gmail" selected>' in form


def test_it_costs_the_same_for_many(as_operator: Client, organization: Organization, django_assert_num_queries) -> None:
    hold(organization=organization)
    with django_assert_num_queries(11):
        as_operator.get(address("rulings"))
    for _ in range(2):
        hold(organization=organization)
    with django_assert_num_queries(11):
        as_operator.get(address("rulings"))


def test_a_hostile_cursor_is_the_first_page(as_operator: Client) -> None:
    assert as_operator.get(address("rulings") + "?after=-1").status_code == 200
    assert as_operator.get(address("rulings") + "?after=" + "9" * 40).status_code == 200
