"""Five things to try: shown in the demo only, ticked by what was done."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.actions import audit
from accounts.enums import Role
from accounts.models import Brand, Organization
from accounts.tenancy import tenant_scope
from campaigns.actions import campaigns
from contacts.actions import subscriptions
from contacts.enums import ConsentSource
from posthouse.demo.audience import YOU
from sending.enums import DeliveryState, DomainState
from tests.sending import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(organization: Organization, settings: Any) -> Organization:
    settings.SANDBOX = True
    Organization.objects.filter(pk=organization.pk).update(is_demo=True)
    organization.is_demo = True
    return organization


def card(organization: Organization, role: Role = Role.MARKETER, session: dict[str, Any] | None = None) -> str:
    request: Any = RequestFactory().get("/")
    request.organization, request.role, request.session = organization, role, session or {}
    with tenant_scope(organization):
        return Template("{% load sandbox %}{% five_things_to_try %}").render(
            Context({"request": request, "csrf_token": "x"})
        )


def test_outside_of_the_demo_there_is_nothing(organization: Organization, settings: Any) -> None:
    settings.SANDBOX = True
    assert card(organization).strip() == ""
    organization.is_demo = True
    settings.SANDBOX = False
    assert card(organization).strip() == ""


def test_things_are_ticked_by_what_was_done(demo: Organization, marketer: Any) -> None:
    with tenant_scope(demo):
        ledger.domain(demo, state=DomainState.PENDING, verified_at=None)
        you = ledger.contact(demo, YOU)
        campaigns.create(organization=demo, brand=Brand.objects.get(organization=demo), name="Draft", actor=marketer)
    page = card(demo)
    assert "0 done" in page
    assert page.count("<li>") == 5
    with tenant_scope(demo):
        for verb in ("sandbox.plug_pulled", "sandbox.records_published", "campaigns.test_sent"):
            audit.record(organization=demo, actor=marketer, verb=verb)
        subscriptions.unsubscribe_all(contact=you, statement=subscriptions.Statement(source=ConsentSource.PAGE))
    page = card(demo, session={"asked_why": True})
    assert "5 done" in page


def test_an_analyst_is_not_offered_the_plug(demo: Organization) -> None:
    assert "Pull the plug" in card(demo)
    assert "Pull the plug" not in card(demo, Role.ANALYST)


def test_the_card_costs_four_queries(demo: Organization, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    request: Any = RequestFactory().get("/")
    request.organization, request.role, request.session = demo, Role.MARKETER, {}
    template = Template("{% load sandbox %}{% five_things_to_try %}")
    with tenant_scope(demo), django_assert_num_queries(4):
        template.render(Context({"request": request}))


def test_why_leads_to_somebody_who_waits(
    demo: Organization, as_analyst: Client, scope: Callable[[Organization], AbstractContextManager[None]], marketer: Any
) -> None:
    url = reverse("sandbox:why", args=[demo.public_id])
    assert as_analyst.get(url).url.endswith("/messages/")  # type: ignore[attr-defined]
    assert "asked_why" not in as_analyst.session
    with scope(demo):
        send = ledger.mailing(demo)
        campaign = campaigns.create(
            organization=demo, brand=Brand.objects.get(organization=demo), name="Sent", actor=marketer
        )
        campaign.mailing = send
        campaign.save()
        for n, code in enumerate(("451 4.7.1", "452 4.2.2", "451 4.7.1")):
            contact = ledger.contact(demo, f"p{n}@x.example")
            ledger.delivery(send, contact=contact, state=DeliveryState.DEFERRED, code=code)
    assert as_analyst.get(url).url.endswith("/messages/?q=p1%40x.example")  # type: ignore[attr-defined]
    assert as_analyst.session["asked_why"] is True
