"""What waits for its time: started by a sweep, given up with words, unscheduled; where people live; spread."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import tasks
from campaigns.actions import campaigns as verbs
from campaigns.actions import launches, schedules
from campaigns.enums import CampaignState
from campaigns.errors import AudienceChanged, Refused, Unlawful
from campaigns.models import Campaign
from campaigns.queries import moments
from contacts.models import Contact, Segment, Subscription
from reputation.enums import Status
from reputation.models import DomainCheck
from sending.models import Delivery, Letter, Mailing, StoredMessage

People = Callable[..., list[Contact]]


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("mailing", "topic", "segment", "design", "organization").get(pk=campaign.pk)


def scheduled(draft: Campaign, marketer: User, *, after: timedelta, **choices: Any) -> Campaign:
    schedules.choose(campaign=draft, actor=marketer, start_at=timezone.now() + after, **choices)
    assert launches.launch(campaign=draft, actor=marketer)
    return fresh(draft)


def test_it_waits_and_a_sweep_starts_it_in_time(
    organization: Organization, draft: Campaign, people: People, marketer: User, tasks_at_once: None
) -> None:
    people(3)
    with tenant_scope(organization):
        campaign = scheduled(draft, marketer, after=timedelta(hours=3))
        assert campaign.state == CampaignState.SCHEDULED and not Delivery.objects.exists()
        assert campaign.leaves_at == campaign.start_at and campaign.expected_people == 3
    tasks.look_after_launches()
    people(2)  # who joins until then gets it too
    with tenant_scope(organization):
        assert fresh(draft).state == CampaignState.SCHEDULED
        Campaign.objects.update(leaves_at=timezone.now() + timedelta(seconds=90), start_at=None)
    tasks.look_after_launches()
    with tenant_scope(organization):
        campaign = fresh(draft)
        assert campaign.state == CampaignState.HOLDING and campaign.mailing is not None
        assert campaign.mailing.audience_size == 5 and campaign.mailing.held_until == campaign.leaves_at
        assert set(Delivery.objects.values_list("due_at", flat=True)) == {campaign.leaves_at}
        now = timezone.now()
        Mailing.objects.filter(pk=campaign.mailing_id).update(held_until=now)
        Campaign.objects.update(leaves_at=now)
    tasks.look_after_launches()
    with tenant_scope(organization):
        assert fresh(draft).state == CampaignState.SENDING and fresh(draft).mailing.hold is None


def test_it_is_unscheduled_to_be_edited(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    with tenant_scope(organization):
        campaign = scheduled(draft, marketer, after=timedelta(days=1))
        with pytest.raises(Unlawful):
            verbs.edit(campaign=campaign, actor=marketer, subject="Other")
        with pytest.raises(Unlawful):
            schedules.choose(campaign=campaign, actor=marketer)
        launches.take_back(campaign=campaign, actor=marketer)
        assert fresh(draft).state == CampaignState.DRAFT and fresh(draft).start_at is not None
        assert not Mailing.objects.exists() and not Letter.objects.exists()
        verbs.edit(campaign=draft, actor=marketer, subject="Other")


def test_what_stops_it_meanwhile_is_told_and_it_is_a_draft_again(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    with tenant_scope(organization):
        scheduled(draft, marketer, after=timedelta(hours=1))
        DomainCheck.objects.update(status=Status.FAIL)
        Campaign.objects.update(leaves_at=timezone.now())
        assert schedules.start(campaign=draft) is False
        campaign = fresh(draft)
        assert campaign.state == CampaignState.DRAFT and campaign.mailing is None
        assert "Nothing was sent." in campaign.problem
        mail = StoredMessage.objects.get()
        assert mail.subject == "Not sent: Spring letter" and mail.delivery.address == marketer.email


def test_what_is_much_too_late_is_not_sent(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    with tenant_scope(organization):
        scheduled(draft, marketer, after=timedelta(hours=1))
        Campaign.objects.update(leaves_at=timezone.now() - moments.LATEST - timedelta(minutes=1))
        assert schedules.start(campaign=draft) is False
        assert "while Posthouse was not running" in fresh(draft).problem
        Campaign.objects.update(state=CampaignState.DRAFT)
        scheduled(draft, marketer, after=timedelta(hours=1))
        Campaign.objects.update(leaves_at=timezone.now() - timedelta(minutes=30))
        assert schedules.start(campaign=draft) is True  # a little late is late, and leaves at once
        assert timezone.now() - fresh(draft).leaves_at < timedelta(minutes=1)


def test_only_one_worker_starts_it(organization: Organization, draft: Campaign, people: People, marketer: User) -> None:
    people(3)
    with tenant_scope(organization):
        scheduled(draft, marketer, after=timedelta(hours=1))
        Campaign.objects.update(leaves_at=timezone.now())
        assert schedules.start(campaign=draft) is True
        assert schedules.start(campaign=draft) is False


def test_everybody_gets_it_at_their_own_time_of_day(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    """Berlin decides for those of whom nothing is known, whatever nonsense stands in their field."""
    zones = ["America/New_York", "asia/tokyo", " Europe/Berlin ", "", "Middle Earth/Shire", "Pacific/Kiritimati"]
    for zone in zones:
        people(1, **({"time_zone": zone} if zone else {}))
    start = datetime(2027, 3, 28, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))  # a time that Berlin skips
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, start_at=start, in_their_zone=True)
        assert launches.launch(campaign=draft, actor=marketer)
        campaign = fresh(draft)
        assert campaign.state == CampaignState.SCHEDULED
        assert campaign.leaves_at == datetime(2027, 3, 27, 13, 30, tzinfo=UTC)  # Kiritimati is first: 03:30 there
        Campaign.objects.update(state=CampaignState.LAUNCHING)
        assert launches.freeze(campaign=draft)
        due = dict(Delivery.objects.values_list("contact__values__time_zone", "due_at"))
        home = start.astimezone(UTC)
        assert due == {
            "America/New_York": datetime(2027, 3, 28, 7, 30, tzinfo=UTC),
            "asia/tokyo": datetime(2027, 3, 27, 18, 30, tzinfo=UTC),
            " Europe/Berlin ": home,
            None: home,
            "Middle Earth/Shire": home,
            "Pacific/Kiritimati": datetime(2027, 3, 27, 13, 30, tzinfo=UTC),
        }


def test_where_the_time_is_over_they_get_it_at_once(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(1, time_zone="Asia/Tokyo")
    people(1, time_zone="Pacific/Honolulu")
    now = timezone.now()
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, start_at=now + timedelta(hours=1), in_their_zone=True)
        assert any("Where that time is over already" in words for words in moments.in_words(fresh(draft)))
        launches.launch(campaign=draft, actor=marketer)
        campaign = fresh(draft)
        assert campaign.state == CampaignState.LAUNCHING and campaign.leaves_at - now < timedelta(minutes=6)
        launches.freeze(campaign=draft)
        due = dict(Delivery.objects.values_list("contact__values__time_zone", "due_at"))
        assert due["Asia/Tokyo"] == campaign.leaves_at and due["Pacific/Honolulu"] > now + timedelta(hours=10)


def test_it_is_spread_evenly_and_ages_from_its_own_moment(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(200)
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, spread_minutes=240, undo_minutes=0)
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=draft)
        begins = fresh(draft).leaves_at
        late = sorted((due - begins) / timedelta(hours=4) for due in Delivery.objects.values_list("due_at", flat=True))
        assert late[0] >= 0 and late[-1] < 1
        for quarter in range(4):
            assert 25 <= sum(quarter / 4 <= share < (quarter + 1) / 4 for share in late) <= 75
        assert all(created == due for created, due in Delivery.objects.values_list("created_at", "due_at"))


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"start_at": timezone.now() + timedelta(days=400)}, "within the next twelve months"),
        ({"start_at": timezone.now() - timedelta(days=2)}, "This time is over"),
        ({"undo_minutes": 61}, "60 minutes at most"),
        ({"spread_minutes": 7 * 24 * 60 + 1}, "7 days at most"),
    ],
)
def test_what_makes_no_sense_is_refused(
    organization: Organization, draft: Campaign, marketer: User, choice: dict[str, Any], words: str
) -> None:
    with tenant_scope(organization), pytest.raises(Refused, match=words):
        schedules.choose(campaign=draft, actor=marketer, **choice)


def test_an_audience_that_changed_since_the_page_was_opened_is_looked_at_again(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(100)
    with tenant_scope(organization):
        segment = Segment.objects.create(
            organization=organization,
            name="Some",
            definition={"match": "all", "rules": [{"about": "domain", "op": "is", "value": "a.example"}]},
        )
        assert segment.pk
        with pytest.raises(AudienceChanged, match="it was for 50 people, and now it is for 100"):
            launches.launch(campaign=draft, actor=marketer, seen=50)
        assert fresh(draft).state == CampaignState.DRAFT
        assert launches.launch(campaign=draft, actor=marketer, seen=95)
        Subscription.objects.filter(pk__in=Subscription.objects.values("pk")[:7]).delete()
        launches.freeze(campaign=draft)
        campaign = fresh(draft)
        assert (campaign.expected_people, campaign.mailing.audience_size) == (100, 93)
