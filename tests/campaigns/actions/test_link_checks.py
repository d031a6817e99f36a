"""Links asked in the background: what is due, leases, limits, the sweep; and the panel that shows it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns import tasks
from campaigns.actions import link_checks
from campaigns.link_asking import Limits
from campaigns.models import Campaign, LinkCheck
from campaigns.queries import checklist
from sending.relay.addresses import Reach
from tests.campaigns.test_link_asking import NameServer, says, serving
from tests.campaigns.views.test_campaigns import url

URLS = ["https://shop.example/a", "https://shop.example/b"]


@pytest.fixture(autouse=True)
def _asking(settings: Any) -> None:
    settings.LINK_CHECKS = True


def test_each_address_is_asked_once_and_again_when_that_is_long_ago(organization: Organization) -> None:
    with tenant_scope(organization):
        assert link_checks.want(organization=organization, urls=[*URLS, *URLS, "mailto:a@b.example", "#"]) == 2
        assert link_checks.want(organization=organization, urls=URLS) == 0
        rows = link_checks.take_up(organization=organization)
        assert [address for _, address in rows] == URLS
        assert link_checks.take_up(organization=organization) == []  # leased
        link_checks.keep({pk: link_checks.link_asking.Reply("pass", "It answers.", 200, 5) for pk, _ in rows})
        assert link_checks.want(organization=organization, urls=URLS) == 0
        assert link_checks.want(organization=organization, urls=URLS, again=True) == 0  # a moment ago
        LinkCheck.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
        assert link_checks.want(organization=organization, urls=URLS, again=True) == 2
        LinkCheck.objects.update(due_at=None, asked_at=timezone.now() - timedelta(days=1))
        assert link_checks.want(organization=organization, urls=URLS) == 2


def test_nobody_is_hammered_through_us(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_checks, "MOST_AN_HOUR", 1)
    with tenant_scope(organization):
        assert link_checks.want(organization=organization, urls=URLS) == 1
        LinkCheck.objects.update(asked_at=timezone.now(), due_at=None)
        assert link_checks.want(organization=organization, urls=URLS[1:]) == 0


def test_an_installation_that_asks_nothing(organization: Organization, settings: Any) -> None:
    settings.LINK_CHECKS = False
    with tenant_scope(organization):
        assert link_checks.want(organization=organization, urls=URLS) == 0 and not LinkCheck.objects.exists()


def test_a_worker_asks_and_what_it_left_is_swept(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    names = NameServer()
    names.answers["shop.example"] = [["127.0.0.1"]]
    settings.LINK_CHECK_RESOLVER = f"127.0.0.1:{names.link.getsockname()[1]}"
    with serving(says("HTTP/1.1 404 No\nContent-Length: 0\n\n")) as server:
        monkeypatch.setattr(link_checks, "limits", lambda: Limits(Reach.LOOPBACK, frozenset({server.port})))
        asked = server.url("/gone", "shop.example")
        with tenant_scope(organization):
            link_checks.want(organization=organization, urls=[asked, "http://10.0.0.1/"])
        woken: list[int] = []
        monkeypatch.setattr(tasks.ask_links, "delay", woken.append)
        tasks.sweep_links()
        assert woken == [organization.pk]
        tasks.ask_links(organization.pk)
    names.link.close()
    with tenant_scope(organization):
        found = {row.url: row for row in LinkCheck.objects.all()}
    assert (found[asked].status, found[asked].code, found[asked].due_at) == ("fail", 404, None)
    assert found["http://10.0.0.1/"].status in ("warn", "fail") and len(server.heads) == 2
    woken.clear()
    tasks.sweep_links()
    assert woken == []


def test_the_panel_has_links_asked_and_says_what_they_answered(
    as_marketer: Client,
    as_analyst: Client,
    organization: Organization,
    draft: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(tasks.ask_links, "delay", woken.append)
    page = as_analyst.get(url(organization, "campaign", draft)).content.decode()
    assert "being asked just now" not in page and "0 of" in page
    with tenant_scope(organization):
        assert not LinkCheck.objects.exists()  # who may only look has nothing done
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "being asked just now" in page and "?looks=1" in page
    page = as_marketer.get(url(organization, "campaign_checks", draft), {"looks": "25"}).content.decode()
    assert "being asked just now" in page and "hx-get" not in page
    with tenant_scope(organization):
        wanted = list(LinkCheck.objects.values_list("url", flat=True))
        assert wanted and all(address.startswith("https://copperkettle.example/") for address in wanted)
        assert set(wanted) <= set(checklist.urls(draft))
        LinkCheck.objects.update(
            status="fail", detail="There is no such page (404).", asked_at=timezone.now(), due_at=None
        )
    part = as_marketer.get(url(organization, "campaign_checks", draft)).content.decode()
    assert "There is no such page (404)." in part and "hx-get" not in part and "Ask the links again" in part
    with tenant_scope(organization):
        LinkCheck.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    as_marketer.post(url(organization, "campaign_ask_links", draft))
    with tenant_scope(organization):
        assert not LinkCheck.objects.filter(due_at=None).exists()


def test_a_link_that_is_gone_stops_the_launch(
    as_marketer: Client, organization: Organization, draft: Campaign, people: Any
) -> None:
    people(2)
    with tenant_scope(organization):
        link_checks.want(organization=organization, urls=checklist.urls(draft))
        LinkCheck.objects.update(status="fail", detail="Gone.", asked_at=timezone.now(), due_at=None)
        assert not checklist.is_ready(checklist.results(draft))
        LinkCheck.objects.update(status="pass")
        assert checklist.is_ready(checklist.results(draft))
