"""The launch page: nothing has to be chosen; what is chosen is what happens; what was pressed can be taken back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import tasks
from campaigns.actions import launches, schedules
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from contacts.enums import ImportState
from contacts.models import Contact, Import
from sending.enums import DeliveryState, Hold
from sending.models import Delivery, Mailing
from tests.campaigns.views.test_campaigns import state_of, url

People = Callable[..., list[Contact]]


def test_nothing_has_to_be_chosen(
    as_marketer: Client,
    organization: Organization,
    draft: Campaign,
    people: People,
    django_capture_on_commit_callbacks: Any,
) -> None:
    people(3)
    page = as_marketer.get(url(organization, "campaign_launch", draft)).content.decode()
    assert "3 people in “Weekly news”." in page and "Send it" in page and 'name="seen" value="3"' in page
    with django_capture_on_commit_callbacks() as woken:
        answer = as_marketer.post(url(organization, "campaign_launch", draft), {"seen": "3"})
    assert answer.status_code == 302 and len(woken) == 1
    campaign = state_of(organization, draft)
    assert campaign.state == CampaignState.LAUNCHING
    assert timedelta(minutes=4) < campaign.leaves_at - timezone.now() <= timedelta(minutes=5)


@pytest.mark.parametrize(("state", "is_said"), [(ImportState.PLANNED, False), (ImportState.APPLYING, True)])
def test_only_an_import_that_adds_people_now_is_a_reason_to_wait(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, state: str, is_said: bool
) -> None:
    people(3)
    with tenant_scope(organization):
        Import.objects.create(organization=organization, file_name="p.csv", file_size=1, fingerprint="x", state=state)
    page = as_marketer.get(url(organization, "campaign_launch", draft)).content.decode()
    assert ("People are being imported just now" in page) is is_said
    start = page[page.index('for="id_start"') :]
    assert "optional" not in start[: start.index("</label>")]


def test_the_countdown_and_taking_it_back(
    as_marketer: Client,
    as_analyst: Client,
    organization: Organization,
    draft: Campaign,
    people: People,
    tasks_at_once: None,
    django_capture_on_commit_callbacks: Any,
) -> None:
    people(3)
    with django_capture_on_commit_callbacks(execute=True):
        as_marketer.post(url(organization, "campaign_launch", draft), {"when": "now", "undo_minutes": "5"})
    assert state_of(organization, draft).state == CampaignState.HOLDING
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "Nothing has left yet." in page and "data-counts-down" in page and "Take it back" in page
    assert "The list is fixed: 3 people." in page
    assert "Take it back" not in as_analyst.get(url(organization, "campaign", draft)).content.decode()
    with tenant_scope(organization):
        mailing = Mailing.objects.get()
        assert mailing.hold == Hold.UNDO
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_marketer.post(url(organization, "campaign_take_back", draft), follow=True)
    assert "Taken back. Nothing was sent; it is a draft again." in answer.content.decode()
    with tenant_scope(organization):
        assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.CANCELLED}
        mailing.refresh_from_db()
        assert mailing.hold == Hold.CANCELLED and mailing.finished_at is not None
    assert state_of(organization, draft).state == CampaignState.DRAFT
    again = as_marketer.post(url(organization, "campaign_take_back", draft), follow=True).content.decode()
    assert "There is nothing to take back." in again


def test_too_late_is_said(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=draft)
    page = as_marketer.post(url(organization, "campaign_take_back", draft), follow=True).content.decode()
    assert "It has begun to leave, so it cannot be taken back any more." in page
    assert state_of(organization, draft).state == CampaignState.SENDING


def test_at_a_time_by_the_organizations_clocks(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    people(3)
    day = (timezone.now() + timedelta(days=40)).date()
    form = {"when": "at", "start": f"{day}T09:30", "spread_minutes": "240", "undo_minutes": "10"}
    assert as_marketer.post(url(organization, "campaign_launch", draft), form).status_code == 302
    campaign = state_of(organization, draft)
    assert campaign.state == CampaignState.SCHEDULED and campaign.spread_minutes == 240
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "at 09:30 (Europe/Berlin)." in page and "spread over 4 hours" in page and "Unschedule and edit" in page
    edit = as_marketer.get(url(organization, "campaign_edit", draft), follow=True).content.decode()
    assert "It is scheduled. Unschedule it to edit it." in edit
    as_marketer.post(url(organization, "campaign_take_back", draft))
    assert state_of(organization, draft).state == CampaignState.DRAFT
    page = as_marketer.get(url(organization, "campaign_launch", draft)).content.decode()
    assert f'value="{day}T09:30"' in page  # what was chosen is still chosen


@pytest.mark.parametrize(
    ("wall", "said", "utc"),
    [
        ("2027-03-28T02:30", "02:30 does not exist, so it leaves at 03:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (
            "2027-10-31T02:30",
            "02:30 comes twice, and it leaves the first time",
            datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
        ),
    ],
)
def test_the_night_when_the_clocks_are_changed(
    as_marketer: Client,
    organization: Organization,
    draft: Campaign,
    people: People,
    wall: str,
    said: str,
    utc: datetime,
) -> None:
    people(3)
    form = {"when": "at", "start": wall}
    answer = as_marketer.post(url(organization, "campaign_launch", draft), form, follow=True)
    assert said in answer.content.decode()
    assert state_of(organization, draft).start_at == utc


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"when": "at"}, "Choose a day and a time."),
        ({"when": "theirs", "start": "soon"}, "Choose a day and a time."),
        ({"when": "at", "start": "9999-99-99T99:99"}, "Choose a day and a time."),
        ({"when": "at", "start": "2001-01-01T00:00"}, "This time is over."),
        ({"when": "at", "start": "2199-01-01T00:00"}, "within the next twelve months"),
        ({"when": "never"}, "not one of the available choices"),
        ({"careful": "on", "percent": "0"}, "greater than or equal to 1"),
        ({"careful": "on", "bounces": "nan"}, "number"),
        ({"undo_minutes": "61"}, "not one of the available choices"),
        ({"seen": "1000"}, "when this page was opened it was for 1,000 people, and now it is for 3"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_launched(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, form: dict[str, str], said: str
) -> None:
    people(3)
    answer = as_marketer.post(url(organization, "campaign_launch", draft), form)
    assert answer.status_code == 422 and said in answer.content.decode()
    campaign = state_of(organization, draft)
    assert campaign.state == CampaignState.DRAFT and campaign.start_at is None


def test_a_careful_start_is_shown_and_let_go(
    as_marketer: Client, as_analyst: Client, organization: Organization, draft: Campaign, people: People
) -> None:
    people(50)
    form = {"careful": "on", "percent": "10", "minutes": "20", "undo_minutes": "0", "go_on": "ask"}
    assert as_marketer.post(url(organization, "campaign_launch", draft), form).status_code == 302
    tasks.freeze(organization.pk, draft.pk)
    page = as_analyst.get(url(organization, "campaign", draft)).content.decode()
    assert "5 people get it first" in page and "45 people wait." in page and "You are asked at" in page
    assert "Let the others have it now" not in page
    assert "Let the others have it now" in as_marketer.get(url(organization, "campaign", draft)).content.decode()
    as_marketer.post(url(organization, "campaign_stop", draft))
    page = as_marketer.get(url(organization, "campaign", draft)).content.decode()
    assert "Nobody else gets it until you decide." in page and "Let it go on anyway" in page
    as_marketer.post(url(organization, "campaign_go_on", draft))
    assert state_of(organization, draft).state == CampaignState.SENDING
    again = as_marketer.post(url(organization, "campaign_go_on", draft), follow=True).content.decode()
    assert "Nobody waits for what becomes of the first people any more." in again


def test_pause_and_cancel_within_the_window(
    as_marketer: Client, organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, undo_minutes=5)
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=draft)
    as_marketer.post(url(organization, "campaign_pause", draft))
    assert state_of(organization, draft).state == CampaignState.PAUSED
    with tenant_scope(organization):
        assert Mailing.objects.get().hold == Hold.PAUSED
    as_marketer.post(url(organization, "campaign_resume", draft))
    assert state_of(organization, draft).state == CampaignState.SENDING
    as_marketer.post(url(organization, "campaign_cancel", draft), {"name": draft.name})
    assert state_of(organization, draft).state == CampaignState.CANCELLED
