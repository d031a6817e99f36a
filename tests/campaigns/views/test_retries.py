"""Choosing what is sent again: by reason and provider, with a tick for what may arrive twice; seen in the report."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from sending import tasks
from sending.actions import evidence, retries
from sending.enums import DeliveryState
from sending.models import Delivery, Retry
from tests.campaigns.actions.test_launches import adds_up
from tests.campaigns.views.test_campaigns import state_of, url
from tests.campaigns.views.test_reports import sent, text  # noqa: F401

MERGE, CUT = "30:merge:Gmail", "31:relay_lost:Gmail"


@pytest.fixture
def needy(organization: Organization, sent: Campaign) -> Campaign:  # noqa: F811
    """Of sixty: four failed in the merge, three are unconfirmed. It is finished."""
    with tenant_scope(organization):
        rows = list(Delivery.objects.order_by("pk"))
        for row in rows[:4]:
            evidence._move(row, DeliveryState.FAILED, code="", reason="merge")
        for row in rows[4:7]:
            evidence._move(row, DeliveryState.IN_DOUBT, code="", reason="relay_lost")
        assert launches.finish_if_done(campaign=sent)
    return sent


def states(organization: Organization, campaign: Campaign) -> dict[int, int]:
    with tenant_scope(organization):
        adds_up(campaign.mailing)
        found = Delivery.objects.filter(mailing=campaign.mailing).values_list("state", flat=True)
        return {state: list(found).count(state) for state in set(found)}


def test_the_report_leads_there(
    as_marketer: Client, as_analyst: Client, organization: Organization, needy: Campaign
) -> None:
    page = text(as_marketer, url(organization, "campaign", needy))
    assert "7 failed by our fault or are unconfirmed" in page and url(organization, "campaign_retry", needy) in page
    assert url(organization, "campaign_retry", needy) not in text(as_analyst, url(organization, "campaign", needy))


def test_what_failed_is_chosen_and_what_may_arrive_twice_is_not(
    as_marketer: Client, organization: Organization, needy: Campaign
) -> None:
    answer = as_marketer.get(url(organization, "campaign_retry", needy))
    assert [(each.value, each.is_chosen) for each in answer.context["choices"]] == [(MERGE, True), (CUT, False)]
    page = answer.content.decode()
    assert "The content could not be made for this person" in page and "may arrive twice" in page


def test_sent_again_a_finished_campaign_is_being_sent(
    as_marketer: Client, organization: Organization, needy: Campaign, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=False) as woken:
        answer = as_marketer.post(url(organization, "campaign_retry", needy), {"group": [MERGE]}, follow=True)
    assert "4 are sent again." in answer.content.decode() and len(woken) == 1
    assert state_of(organization, needy).state == CampaignState.SENDING
    live = text(as_marketer, url(organization, "campaign_live", needy))
    assert "Being sent again" in live and url(organization, "campaign_retry_stop", needy) in live
    with tenant_scope(organization):
        assert launches.finish_if_done(campaign=needy) is False  # not before the order is through
        retry = Retry.objects.get()
    tasks.retry(organization.pk, retry.pk)
    assert states(organization, needy) == {1: 4, 31: 3, 10: 53}
    page = text(as_marketer, url(organization, "campaign_retry", needy))
    assert "4 of 4 were sent again" in page and "merge" not in page
    with tenant_scope(organization):
        assert launches.finish_if_done(campaign=needy) is False  # they wait for the relay


def test_unconfirmed_ones_need_a_tick(as_marketer: Client, organization: Organization, needy: Campaign) -> None:
    answer = as_marketer.post(url(organization, "campaign_retry", needy), {"group": [CUT]})
    assert answer.status_code == 422 and "Tick that you know" in answer.content.decode()
    assert [each.is_chosen for each in answer.context["choices"]] == [False, True]
    assert (
        as_marketer.post(url(organization, "campaign_retry", needy), {"group": [CUT], "twice": "on"}).status_code == 302
    )
    with tenant_scope(organization):
        assert Retry.objects.get().groups == [[31, "relay_lost", "Gmail"]]


@pytest.mark.parametrize("given", [{}, {"group": ["10::Gmail"]}, {"group": ["nonsense", "30:merge:\x00"]}])
def test_no_choice(as_marketer: Client, organization: Organization, needy: Campaign, given: dict[str, Any]) -> None:
    answer = as_marketer.post(url(organization, "campaign_retry", needy), given)
    assert answer.status_code == 422 and "Choose what to send again." in answer.content.decode()


def test_a_second_press_and_a_stop(as_marketer: Client, organization: Organization, needy: Campaign) -> None:
    where = url(organization, "campaign_retry", needy)
    as_marketer.post(where, {"group": [MERGE]})
    assert "already" in as_marketer.post(where, {"group": [MERGE]}, follow=True).content.decode()
    assert "Being sent again" in text(as_marketer, where)
    stop = url(organization, "campaign_retry_stop", needy)
    assert "Stopped." in as_marketer.post(stop, follow=True).content.decode()
    assert "Nothing is being put into the queue" in as_marketer.post(stop, follow=True).content.decode()
    with tenant_scope(organization):
        retry = Retry.objects.get()
        assert retry.stopped and retries.step(retry_id=retry.pk) is False
    assert "0 of 4 were sent again, then it was stopped" in text(as_marketer, where)


def test_a_cancelled_campaign_sends_nothing_again(
    as_marketer: Client, organization: Organization, needy: Campaign
) -> None:
    where = url(organization, "campaign_retry", needy)
    as_marketer.post(where, {"group": [MERGE]})
    with tenant_scope(organization):
        launches.cancel(campaign=needy, actor=None)  # type: ignore[arg-type]
        retry = Retry.objects.get()
    tasks.retry(organization.pk, retry.pk)
    assert states(organization, needy) == {30: 4, 31: 3, 10: 53}
    assert "was cancelled" in text(as_marketer, where)
    answer = as_marketer.post(where, {"group": [MERGE]})
    assert answer.status_code == 422


def test_nothing_needs_you(as_marketer: Client, organization: Organization, sent: Campaign) -> None:  # noqa: F811
    assert "Nothing needs you" in text(as_marketer, url(organization, "campaign_retry", sent))


def test_the_page_asks_the_same_however_many_groups(
    as_marketer: Client, organization: Organization, needy: Campaign, django_assert_num_queries: Any
) -> None:
    for reasons in (["merge"], ["merge", "content_lost", "unclassified"]):
        with tenant_scope(organization):
            for row, reason in zip(Delivery.objects.filter(state=30).order_by("pk"), reasons, strict=False):
                Delivery.objects.filter(pk=row.pk).update(reason=reason)
        with django_assert_num_queries(15):
            as_marketer.get(url(organization, "campaign_retry", needy))
