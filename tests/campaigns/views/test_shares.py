"""Sharing a report: the link shows numbers and no people, until it is taken back or ends."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Organization
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign, ReportShare
from tests.campaigns.views.test_campaigns import url
from tests.campaigns.views.test_reports import sent  # noqa: F401


@pytest.fixture
def link(as_marketer: Client, organization: Organization, sent: Campaign) -> str:  # noqa: F811
    """The path of a link that was made on the page."""
    where = url(organization, "campaign_shares", sent)
    assert as_marketer.post(where, {"until": ""}).status_code == 302
    found = re.search(r"https?://[^/]+(/r/[^\s<&\"]+)", as_marketer.get(where).content.decode())
    assert found
    return found[1]


def test_whoever_has_the_link_sees_numbers_and_no_people(
    client: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    link: str,
) -> None:
    with tenant_scope(organization):
        Campaign.objects.filter(pk=sent.pk).update(name="Bob must not know", notes="secret", tags=["inside"])
    answer = client.get(link)
    page = answer.content.decode()
    assert answer.status_code == 200 and "Hello you" in page and 'title="40 of 60">66.7' in page and "adds up" in page
    assert not re.search(r"Bob must|secret|inside|@[abc]\.example|Name\d|/o/|<script", page)
    assert "noindex" in page and answer["X-Robots-Tag"] == "noindex, nofollow" and not answer.cookies
    assert answer["Cache-Control"] == "no-store" and "default-src 'none'" in answer["Content-Security-Policy"]
    assert client.post(link).status_code == 405
    for wrong in (link[:-1], link + "x", "/r/x", "/r/" + "ä" * 400):
        assert client.get(wrong).status_code == 404


def test_taken_back_it_opens_nothing(
    client: Client,
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    link: str,
) -> None:
    with tenant_scope(organization):
        share = ReportShare.objects.get()
    where = url(organization, "campaign_shares", sent) + f"{share.public_id}/revoke/"
    assert as_marketer.get(where).status_code == 405
    for _ in range(2):
        assert as_marketer.post(where).status_code == 302
    answer = client.get(link)
    assert answer.status_code == 404 and "This report is not shared" in answer.content.decode()
    assert "There is no link yet" in as_marketer.get(url(organization, "campaign_shares", sent)).content.decode()
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="campaigns.report_share_revoked").count() == 1


def test_it_ends_with_the_day_where_the_organization_is(
    client: Client,
    as_marketer: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
    link: str,
) -> None:
    where = url(organization, "campaign_shares", sent)
    assert as_marketer.post(where, {"until": "2027-03-28"}).status_code == 302
    with tenant_scope(organization):
        made = ReportShare.objects.order_by("-pk").first()
        assert made.ends_at.isoformat() == "2027-03-28T22:00:00+00:00"  # Berlin has summer time since that morning
        ReportShare.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert client.get(link).status_code == 404
    for typed, said in {
        "2020-01-01": "This day is past",
        "9999-12-31": "a date of our time",
        "x": "valid date",
    }.items():
        answer = as_marketer.post(where, {"until": typed})
        assert answer.status_code == 422 and said in answer.content.decode(), typed


def test_who_may_share(
    as_owner: Client,
    as_analyst: Client,
    as_outsider: Client,
    organization: Organization,
    draft: Campaign,
) -> None:
    where = url(organization, "campaign_shares", draft)
    assert as_owner.get(where).status_code == 200
    assert as_analyst.get(where).status_code == as_analyst.post(where).status_code == 403
    assert as_outsider.get(where).status_code == as_outsider.post(where).status_code == 404
    refused = as_owner.post(where, {"until": ""})
    assert refused.status_code == 422 and "no report before the campaign is sent" in refused.content.decode()
