"""The list of campaigns however many there are, the calendar where the organization is, and campaigns side by side."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import labels
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import lists
from sending.enums import Bucket, EventKind
from sending.models import Tally
from tests.campaigns.views.test_campaigns import url
from tests.campaigns.views.test_reports import sent, tally  # noqa: F401
from tests.sending import ledger

LIST_QUERIES = 14
COMPARE_QUERIES = 13
CALENDAR_QUERIES = 12


def many(organization: Organization, count: int, **facts: Any) -> list[Campaign]:
    """Inside of the organization's scope."""
    brand = Brand.objects.get(is_default=True)
    return Campaign.objects.bulk_create(
        Campaign(organization=organization, brand=brand, name=f"Letter {n:05d}", **facts) for n in range(count)
    )


def names(answer: Any) -> list[str]:
    return [row.campaign.name for row in answer.context["page"].rows]


def test_every_campaign_is_on_one_page_forwards_and_backwards(as_analyst: Client, organization: Organization) -> None:
    with tenant_scope(organization):
        many(organization, 2 * lists.PER_PAGE + 3)
    where = url(organization, "campaigns")
    pages, query = [], {}
    while True:
        answer = as_analyst.get(where, query)
        pages.append(names(answer))
        page = answer.context["page"]
        if page.next is None:
            break
        query = {"after": page.next}
    forward = [name for some in pages for name in some]
    assert [len(some) for some in pages] == [25, 25, 3]
    assert forward == sorted(forward, reverse=True) and len(set(forward)) == 53
    back = as_analyst.get(where, {"before": page.previous})
    assert names(back) == pages[1] and back.context["page"].next is not None
    first = as_analyst.get(where, {"before": back.context["page"].previous})
    assert names(first) == pages[0] and first.context["page"].previous is None
    assert "That was the last page" in as_analyst.get(where, {"after": "1"}).content.decode()
    assert as_analyst.get(where, {"after": "9" * 30, "before": "²"}).status_code == 200


def test_found_by_words_state_and_tag(
    as_analyst: Client, organization: Organization, marketer: User, draft: Campaign
) -> None:
    with tenant_scope(organization):
        one, two, three = many(organization, 3)
        labels.label(campaign=one, tags=["Spring", "members"], notes="Ask Zoë", is_public=False, actor=marketer)
        labels.label(campaign=two, tags=["Café 100%_"], notes="", is_public=False, actor=marketer)
        Campaign.objects.filter(pk=three.pk).update(state=CampaignState.FINISHED, subject="Kettles are here")
    where = url(organization, "campaigns")

    def found(**query: str) -> list[str]:
        return names(as_analyst.get(where, query))

    assert found(q="zoë letter") == [one.name]
    assert found(q="KETTLES") == [three.name]
    assert found(q="100%") == [two.name] and found(q="%%%") == []
    assert found(tag="members") == [one.name] and found(tag="member") == []
    assert found(state="finished") == [three.name] and len(found(state="nonsense")) == 4
    assert found(q="letter", tag="Spring", state="draft") == [one.name]
    page = as_analyst.get(where, {"q": "nowhere\x00"}).content.decode()
    assert "No campaign fits" in page and "Café 100%_" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        letter = ledger.letter(organization)
        for campaign in many(organization, rows, tags=["a", "b"]):
            campaign.mailing = ledger.mailing(organization, letter=letter, audience_size=3)
            campaign.save()
    where = url(organization, "campaigns")
    as_analyst.get(where)
    with django_assert_num_queries(LIST_QUERIES):
        answer = as_analyst.get(where)
    assert len(names(answer)) == rows


def test_the_calendar_is_the_organizations(as_analyst: Client, organization: Organization) -> None:
    with tenant_scope(organization):
        late, planned, other = many(organization, 3)
        late.launched_at = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # in Berlin half past midnight in February
        planned.start_at = datetime(2026, 2, 10, 8, tzinfo=UTC)
        other.start_at = datetime(2026, 3, 29, 8, tzinfo=UTC)  # the day on which clocks change
        Campaign.objects.bulk_update([late, planned, other], ["launched_at", "start_at"])
    where = url(organization, "calendar")
    month = as_analyst.get(where, {"month": "2026-02"}).context["month"]
    shown = {day.date.isoformat(): [c.name for _, c in day.campaigns] for week in month.weeks for day in week}
    assert shown["2026-02-01"] == [late.name] and shown["2026-02-10"] == [planned.name]
    assert month.count == 2 and (month.previous, month.next) == ("2026-01", "2026-03")
    march = as_analyst.get(where, {"month": "2026-03"}).content.decode()
    assert "10:00 · Draft" in march  # summer time already
    for nonsense in ("2026-13", "0000-01", "x" * 5000, "2026-02\n"):
        assert as_analyst.get(where, {"month": nonsense}).status_code == 200
    assert "Nothing left and nothing is planned" in as_analyst.get(where, {"month": "2101-12"}).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_calendar_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        many(organization, rows, start_at=datetime(2026, 2, 10, 8, tzinfo=UTC))
    where = url(organization, "calendar")
    as_analyst.get(where, {"month": "2026-02"})
    with django_assert_num_queries(CALENDAR_QUERIES):
        assert as_analyst.get(where, {"month": "2026-02"}).context["month"].count == rows


def test_side_by_side_with_denominators_and_a_dash_for_too_few(
    as_analyst: Client,
    organization: Organization,
    sent: Campaign,  # noqa: F811
) -> None:
    with tenant_scope(organization):
        small, unsent = many(organization, 2)
        small.mailing = ledger.mailing(organization, letter=sent.mailing.letter, audience_size=3)
        small.save()
        tally(small, Bucket.DELIVERED, 3)
        tally(small, EventKind.FIRST_CLICKED, 2)
    where = url(organization, "compare")
    answer = as_analyst.get(where, {"c": [small.public_id, sent.public_id, unsent.public_id, "nonsense"]})
    page = answer.content.decode()
    assert [c.name for c, _ in answer.context["chosen"]] == [small.name, sent.name]
    assert "2 of 3" in page and "too few to tell" in page and "3 of 60" in page and "5.00" in page
    assert "Choose two to five" in as_analyst.get(where, {"c": sent.public_id}).content.decode()
    assert "Choose two to five" in as_analyst.get(where).content.decode()


@pytest.mark.parametrize("rows", [2, 5])
def test_comparing_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        letter = ledger.letter(organization)
        chosen = many(organization, rows + 1)
        for campaign in chosen:
            campaign.mailing = ledger.mailing(organization, letter=letter, audience_size=3)
            campaign.save()
            Tally.objects.create(
                organization=organization, mailing_id=campaign.mailing_id, kind=3, n=3, at=datetime.now(UTC)
            )
    where, query = url(organization, "compare"), {"c": [c.public_id for c in chosen[:rows]]}
    as_analyst.get(where, query)
    with django_assert_num_queries(COMPARE_QUERIES):
        assert len(as_analyst.get(where, query).context["chosen"]) == rows


def test_who_may_look(
    as_owner: Client, as_marketer: Client, as_analyst: Client, as_outsider: Client, organization: Organization
) -> None:
    for name in ("campaigns", "calendar", "compare"):
        where = url(organization, name)
        assert [c.get(where).status_code for c in (as_owner, as_marketer, as_analyst)] == [200] * 3
        assert as_outsider.get(where).status_code == 404
        assert as_owner.post(where).status_code == 405
