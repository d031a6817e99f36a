"""The page of DMARC reports: what it shows, to whom, at what cost."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from reputation.adapters.dmarc import DmarcKeeper
from tests.reputation.adapters.test_dmarc import report
from tests.sending import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(organization: Organization) -> str:
    with tenant_scope(organization):
        domain = ledger.domain(organization)
    return reverse("reputation:domain_dmarc", kwargs={"org": organization.public_id, "domain": domain.public_id})


def test_an_empty_page_says_what_to_publish(as_analyst: Client, url: str) -> None:
    page = as_analyst.get(url).content.decode()
    assert "No reports yet" in page
    assert "rua=mailto:dmarc@bounces.kettle.example" in page


def test_sources_and_reports_are_shown(as_analyst: Client, url: str) -> None:
    DmarcKeeper().take(report(), signer="quay.example")
    DmarcKeeper().take(report(report_id="r2"), signer="quay.example")
    answer = as_analyst.get(url)
    page = answer.content.decode()
    assert "192.0.2.9" in page and "Refused it" in page and "quay.example" in page
    summary = answer.context["summary"]
    assert (summary.messages, summary.passed, summary.stopped, summary.reporters) == (30, 24, 6, 1)
    assert [row["messages"] for row in answer.context["sources"]] == [24, 6]


def test_strangers_find_nothing(as_outsider: Client, client: Client, url: str) -> None:
    assert as_outsider.get(url).status_code == 404
    assert client.get(url).status_code == 302
    assert as_outsider.post(url).status_code in (404, 405)


def test_the_page_costs_the_same_for_one_report_and_for_three(
    as_owner: Client, url: str, django_assert_num_queries: Any
) -> None:
    as_owner.get(url)
    DmarcKeeper().take(report(), signer="quay.example")
    with django_assert_num_queries(16):
        as_owner.get(url)
    for n in range(2):
        DmarcKeeper().take(report(report_id=f"more{n}"), signer="quay.example")
    with django_assert_num_queries(16):
        as_owner.get(url)
