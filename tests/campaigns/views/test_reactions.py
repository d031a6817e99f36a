"""The people behind the numbers: page by page, by link, and as a file that no spreadsheet takes for formulas."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign
from sending.models import Delivery, Engagement
from tests.campaigns.views.test_campaigns import url
from tests.campaigns.views.test_reports import sent, text  # noqa: F401

DID_QUERIES = 17


def walk(client: Client, where: str, query: dict[str, Any]) -> list[str]:
    found: list[str] = []
    query = dict(query)
    while True:
        answer = client.get(where, query)
        found += [row.address for row, _ in answer.context["rows"]]
        following = answer.context["page"]["next"]
        if following is None:
            return found
        query["after"] = following


def test_the_people_of_each_number_page_by_page(
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with tenant_scope(organization):
        Engagement.objects.update(opened_at=timezone.now())  # 60: more than a page
        ids = list(Engagement.objects.order_by("pk").values_list("pk", flat=True))
        Engagement.objects.filter(pk__in=ids[:2]).update(unsubscribed_at=timezone.now())
        Engagement.objects.filter(pk__in=ids[2:3]).update(complained_at=timezone.now())
        Engagement.objects.filter(pk=ids[0]).update(links=[0, 1])
    where = url(organization, "campaign_did", sent)
    for did, count in {"opened": 60, "clicked": 3, "unsubscribed": 2, "complained": 1, "nonsense": 60}.items():
        found = walk(as_analyst, where, {"did": did})
        assert len(found) == len(set(found)) == count, did
    assert len(walk(as_analyst, where, {"did": "clicked", "link": "1"})) == 3
    assert len(walk(as_analyst, where, {"did": "clicked", "link": "2"})) == 1
    assert len(walk(as_analyst, where, {"did": "clicked", "link": "77"})) == 3  # no such link: any
    assert "That was the last page" in text(as_analyst, where, {"after": "9" * 18})
    assert as_analyst.get(where, {"after": "²"}).status_code == 200


def test_whom_a_machine_opened_first_and_then_the_person_is_no_machine_twice(
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    where = url(organization, "campaign_did", sent)
    assert len(walk(as_analyst, where, {"did": "machine"})) == 9
    with tenant_scope(organization):
        some = Engagement.objects.exclude(machine_opened_at=None).order_by("pk").first()
        Engagement.objects.filter(pk=some.pk).update(opened_at=some.machine_opened_at)
    assert len(walk(as_analyst, where, {"did": "machine"})) == 8


def test_the_export_has_them_all_and_no_formulas(
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with tenant_scope(organization):
        first = Delivery.objects.order_by("id").first()
        Delivery.objects.filter(pk=first.pk).update(address='=HYPERLINK("x")@x.example')
    answer = as_analyst.get(url(organization, "campaign_did_csv", sent), {"did": "clicked", "link": "1"})
    assert answer["Content-Disposition"] == f'attachment; filename="{sent.public_id}-clicked-link-1.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == 3 and rows[0]["address"] == '\'=HYPERLINK("x")@x.example'
    assert rows[0]["links"] == sent.mailing.letter.links[0]
    assert len(text(as_analyst, url(organization, "campaign_did_csv", sent)).splitlines()) == 41


@pytest.mark.parametrize("rows", [1, 3])
def test_a_page_of_them_takes_a_fixed_number_of_queries(
    rows: int,
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    django_assert_num_queries: Any,
) -> None:
    with tenant_scope(organization):
        ids = list(Engagement.objects.order_by("pk").values_list("pk", flat=True)[:rows])
        Engagement.objects.filter(pk__in=ids).update(unsubscribed_at=timezone.now())
    where = url(organization, "campaign_did", sent)
    as_analyst.get(where, {"did": "unsubscribed"})
    with django_assert_num_queries(DID_QUERIES):
        answer = as_analyst.get(where, {"did": "unsubscribed"})
    assert len(answer.context["rows"]) == rows
