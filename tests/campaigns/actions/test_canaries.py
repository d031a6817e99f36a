"""A careful start goes on, asks or stops by what the ledger's tallies say of its first group."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import tasks
from campaigns.actions import canaries, launches, schedules
from campaigns.enums import CampaignState
from campaigns.errors import Unlawful
from campaigns.models import Campaign
from campaigns.queries import canaries as reading
from contacts.models import Contact
from sending.enums import REST, Bucket, DeliveryState, EventKind, Hold
from sending.models import Delivery, MailingVariant, StoredMessage, Tally

People = Callable[..., list[Contact]]
CAREFUL = {"percent": 10, "minutes": 30, "bounces": 3.0, "complaints": 0.3, "go_on": True}


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("mailing", "organization").get(pk=campaign.pk)


def rest_hold(campaign: Campaign) -> str | None:
    hold: str | None = MailingVariant.objects.get(mailing_id=campaign.mailing_id, variant=REST).hold
    return hold


def tally(campaign: Campaign, kind: int, n: int) -> None:
    now = timezone.now()
    organization = campaign.organization
    for which, number in ((kind, n), *(((int(Bucket.ON_ITS_WAY), -n),) if kind < 100 else ())):
        Tally.objects.create(
            organization=organization, mailing_id=campaign.mailing_id, variant=0, kind=which, n=number, at=now
        )


@pytest.fixture
def careful(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    people(1_000)
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, undo_minutes=0, canary=CAREFUL)
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=draft)
        return fresh(draft)


def later(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(leaves_at=timezone.now() - timedelta(minutes=31))


def test_a_tenth_goes_and_the_rest_waits(organization: Organization, careful: Campaign) -> None:
    with tenant_scope(organization):
        assert Delivery.objects.filter(variant=0).count() == 100
        assert Delivery.objects.filter(variant=REST).count() == 900
        assert rest_hold(careful) == Hold.REST and careful.mailing.hold is None
        shown = reading.of(careful)
        assert shown is not None and shown.rest == 900 and shown.seen.people == 100 and shown.verdict.word == "wait"
        assert canaries.watch(campaign=careful) == ""


def test_it_goes_on_by_itself(organization: Organization, careful: Campaign, tasks_at_once: None) -> None:
    with tenant_scope(organization):
        tally(careful, Bucket.DELIVERED, 98)
        tally(careful, Bucket.BOUNCED, 2)
        later(careful)
    tasks.look_after_launches()
    with tenant_scope(organization):
        assert rest_hold(careful) is None and fresh(careful).state == CampaignState.SENDING
        assert fresh(careful).canary["outcome"]["word"] == "go"
        assert canaries.watch(campaign=careful) == ""  # decided once
        assert not StoredMessage.objects.exists()


@pytest.mark.parametrize(("kind", "n"), [(int(Bucket.BOUNCED), 4), (int(EventKind.COMPLAINED), 2)])
def test_it_stops_by_itself_at_once_and_says_so(
    organization: Organization, careful: Campaign, marketer: User, kind: int, n: int, tasks_at_once: None
) -> None:
    with tenant_scope(organization):
        tally(careful, kind, n)
    tasks.look_after_launches()
    with tenant_scope(organization):
        campaign = fresh(careful)
        assert campaign.state == CampaignState.PAUSED and campaign.mailing.hold == Hold.PAUSED
        assert rest_hold(careful) == Hold.REST
        assert f"{n} of the first 100" in campaign.canary["outcome"]["why"]
        mail = StoredMessage.objects.select_related("delivery").get()
        assert mail.subject == "Stopped: Spring letter" and mail.delivery.address == marketer.email
        with pytest.raises(Unlawful, match="careful start stopped it"):
            launches.resume(campaign=campaign, actor=marketer)
        canaries.go_on(campaign=campaign, actor=marketer)
        campaign = fresh(careful)
        assert campaign.state == CampaignState.SENDING and campaign.mailing.hold is None and rest_hold(careful) is None
        with pytest.raises(Unlawful):
            canaries.go_on(campaign=campaign, actor=marketer)
    tasks.look_after_launches()
    with tenant_scope(organization):
        assert fresh(careful).state == CampaignState.SENDING  # what a person decided is not decided again


def test_who_wants_to_be_asked_is_asked_once(organization: Organization, careful: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(canary={**CAREFUL, "go_on": False})
        tally(careful, Bucket.DELIVERED, 100)
        later(careful)
        assert canaries.watch(campaign=careful) == "ask"
        assert canaries.watch(campaign=careful) == ""
        assert rest_hold(careful) == Hold.REST and fresh(careful).state == CampaignState.SENDING
        assert StoredMessage.objects.get().subject == "Waits for you: Spring letter"
        tally(careful, EventKind.COMPLAINED, 2)
        assert canaries.watch(campaign=careful) == "stop"  # complaints come late


def test_it_is_stopped_by_hand_and_cancelled(organization: Organization, careful: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        canaries.stop(campaign=careful, actor=marketer)
        assert fresh(careful).state == CampaignState.PAUSED
        with pytest.raises(Unlawful, match="stopped already"):
            canaries.stop(campaign=careful, actor=marketer)
        launches.cancel(campaign=careful, actor=marketer)
        assert launches.clear_away(mailing=fresh(careful).mailing) is True
        assert launches.clear_away(mailing=fresh(careful).mailing) is False
        assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.CANCELLED}
        assert fresh(careful).finished_at is not None


def test_it_is_not_done_while_the_rest_waits(organization: Organization, careful: Campaign) -> None:
    with tenant_scope(organization):
        Delivery.objects.filter(variant=0).update(state=DeliveryState.DELIVERED)
        assert launches.finish_if_done(campaign=careful) is False


def test_in_a_small_list_one_goes_first(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(7)
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, undo_minutes=0, canary=CAREFUL)
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=draft)
        assert Delivery.objects.filter(variant=0).count() == 1
