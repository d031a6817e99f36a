"""The report: people and machines apart, the click map over the mail, the time of day where the organization is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.actions import launches
from campaigns.models import Campaign
from campaigns.queries import checklist
from contacts.models import Contact
from reputation.actions import totals as folding
from sending.enums import Bucket, DeliveryState, EventKind
from sending.models import Delivery, Engagement, Tally
from tests.campaigns.views.test_campaigns import url

People = Callable[..., list[Contact]]
PAGES = ("campaign", "campaign_live", "campaign_did", "campaign_did_csv", "campaign_clicks", "campaign_clicks_mail")


def tally(campaign: Campaign, kind: int, n: int, *, provider: str = "Gmail", link: int = -1, at: Any = None) -> None:
    """Inside of the organization's scope."""
    Tally.objects.create(
        organization_id=campaign.organization_id,
        mailing_id=campaign.mailing_id,
        provider=provider,
        kind=kind,
        link=link,
        n=n,
        at=at or timezone.now(),
    )


@pytest.fixture
def sent(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    """Sent to 60 people: all delivered; 40 opened of whom 3 clicked the first link; machines opened 9."""
    people(60)
    with tenant_scope(organization):
        ticked = [result.name for result in checklist.results(draft)]
        launches.launch(campaign=draft, actor=marketer, accepted=ticked)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        campaign = Campaign.objects.select_related("mailing__letter").get(pk=draft.pk)
        Delivery.objects.update(state=DeliveryState.DELIVERED, attempts=1, provider="Gmail")
        tally(campaign, Bucket.ON_ITS_WAY, -60, provider="")
        tally(campaign, Bucket.DELIVERED, 60)
        ids = list(Delivery.objects.order_by("id").values_list("pk", flat=True))
        at = timezone.now()
        Engagement.objects.bulk_create(
            Engagement(
                delivery_id=pk,
                organization=organization,
                mailing_id=campaign.mailing_id,
                opened_at=at if n < 40 else None,
                machine_opened_at=at if n >= 51 else None,
                clicked_at=at if n < 3 else None,
                links=[0] if n < 3 else [],
            )
            for n, pk in enumerate(ids)
        )
        tally(campaign, EventKind.FIRST_OPENED, 40)
        tally(campaign, EventKind.FIRST_OPENED_MACHINE, 9)
        tally(campaign, EventKind.FIRST_CLICKED, 3)
        tally(campaign, EventKind.FIRST_CLICKED, 3, link=0)
        tally(campaign, EventKind.CLICKED, 5, link=0)
        tally(campaign, EventKind.CLICKED_MACHINE, 60, link=0)
        return campaign


def text(client: Client, where: str, query: dict[str, Any] | None = None) -> str:
    answer = client.get(where, query or {})
    assert answer.status_code == 200, answer
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode("utf-8-sig")


def test_what_was_ticked_is_named_as_the_checklist_names_it(
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,
) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(accepted_warnings=["language", "lately"])
    page = text(as_analyst, url(organization, "campaign", sent))
    assert "<dd>Got something lately, Language</dd>" in page and "language, lately" not in page


def test_who_may_see_the_report(
    as_owner: Client,
    as_marketer: Client,
    as_analyst: Client,
    as_outsider: Client,
    client: Client,
    organization: Organization,
    sent: Campaign,
) -> None:
    for name in PAGES:
        where = url(organization, name, sent)
        assert [c.get(where).status_code for c in (as_owner, as_marketer, as_analyst)] == [200] * 3, name
        assert as_outsider.get(where).status_code == 404, name
        assert client.get(where).status_code in (302, 404), name
        assert as_owner.post(where).status_code == 405, name


def test_people_and_machines_apart_with_their_denominators(
    as_analyst: Client, organization: Organization, sent: Campaign
) -> None:
    page = text(as_analyst, url(organization, "campaign", sent))
    assert 'title="40 of 60">66.7' in page and 'title="9 of 60">15.0' in page and 'title="3 of 60">5.0' in page
    assert "Machines are counted apart." in page and "Whether a person read these cannot be told." in page
    row = page.split("By mailbox provider</h2>")[1].split("</table>")[0]
    assert "Gmail" in row and 'title="9 of 60">15.0' in row
    assert "?did=clicked&amp;link=1" in page


def test_the_time_of_day_is_that_of_the_organization_before_and_after_folding(
    as_analyst: Client, organization: Organization, sent: Campaign
) -> None:
    with tenant_scope(organization):
        Tally.objects.filter(kind__in=[EventKind.FIRST_OPENED, EventKind.FIRST_CLICKED]).delete()
        # Berlin: 23:10 UTC is ten past midnight of the next day in winter.
        tally(sent, EventKind.FIRST_OPENED, 7, at=datetime(2026, 1, 10, 23, 10, tzinfo=UTC))
        tally(sent, EventKind.FIRST_CLICKED, 2, at=datetime(2026, 7, 10, 11, 59, tzinfo=UTC))
        tally(sent, EventKind.FIRST_CLICKED, 2, link=0, at=datetime(2026, 7, 10, 11, 59, tzinfo=UTC))
    where = url(organization, "campaign", sent)
    before = as_analyst.get(where).context["hours"]
    assert (before[0].opens, before[13].clicks, sum(hour.clicks for hour in before)) == (7, 2, 2)
    with cross_tenant("the test folds"):
        folding.fold()
    with tenant_scope(organization):
        assert not Tally.objects.exists()
    assert as_analyst.get(where).context["hours"] == before
    assert "Europe/Berlin" in text(as_analyst, where)


def test_a_rebuild_finds_the_same_times(as_analyst: Client, organization: Organization, sent: Campaign) -> None:
    with cross_tenant("the test rebuilds"):
        folding.rebuild()
    hours = as_analyst.get(url(organization, "campaign", sent)).context["hours"]
    assert (sum(hour.opens for hour in hours), sum(hour.clicks for hour in hours)) == (40, 3)


def test_the_click_map_has_the_numbers_over_the_links_and_in_the_table(
    as_analyst: Client, organization: Organization, sent: Campaign
) -> None:
    mail = as_analyst.get(url(organization, "campaign_clicks_mail", sent))
    page = mail.content.decode()
    links = len(sent.mailing.letter.links)
    assert "1 · 3</span>" in page and f"{links} · 0</span>" in page
    assert "click-map.invalid" not in page and sent.mailing.letter.links[0] not in page
    assert "sandbox" in mail["Content-Security-Policy"]
    table = text(as_analyst, url(organization, "campaign_clicks", sent), {"variant": "99999999"})
    assert sent.mailing.letter.links[0] in table and "60</td>" in table


def test_before_the_launch_there_is_no_click_map(
    as_analyst: Client, organization: Organization, draft: Campaign
) -> None:
    assert as_analyst.get(url(organization, "campaign_clicks", draft)).status_code == 404
    assert "Nobody is here" in text(as_analyst, url(organization, "campaign_did", draft))


def test_some_are_retried_and_the_reasons_are_told(
    as_analyst: Client, organization: Organization, sent: Campaign
) -> None:
    with tenant_scope(organization):
        ids = list(Delivery.objects.order_by("id").values_list("pk", flat=True)[:5])
        Delivery.objects.filter(pk__in=ids).update(
            state=DeliveryState.DEFERRED, reason="mailbox_full", code="452 4.2.2"
        )
        tally(sent, Bucket.DELIVERED, -7)
        tally(sent, Bucket.RETRYING, 7)
    page = text(as_analyst, url(organization, "campaign_live", sent))
    assert "Their mailbox is full." in page and "of 5 of the 7 that are retried" in page


REPORT_QUERIES = 19


@pytest.mark.parametrize("rows", [1, 3])
def test_the_report_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, sent: Campaign, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        for n in range(rows):
            tally(sent, Bucket.DELIVERED, 1, provider=f"Provider {n}")
            tally(sent, EventKind.FIRST_OPENED, 1, provider=f"Provider {n}", at=timezone.now() - timedelta(hours=n))
    where = url(organization, "campaign", sent)
    as_analyst.get(where)
    with django_assert_num_queries(REPORT_QUERIES):
        answer = as_analyst.get(where)
    assert len(answer.context["report"].providers) == rows + 1
