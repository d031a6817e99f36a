"""Launches against a real relay process and a real receiver: to the second, and not one final dot that may not be."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns.actions import canaries, launches, schedules
from campaigns.enums import CampaignState
from campaigns.errors import Unlawful
from campaigns.models import Campaign
from contacts.models import Contact
from reputation.enums import Status
from reputation.models import DomainCheck
from reputation.queries.domains import CHECKS
from sending.actions import domains
from sending.enums import DeliveryState, DomainState
from sending.models import Delivery, Relay, SendingDomain
from sending.queries import ledger as audit
from tests.sending.management.commands.test_relay import names, receiver, start, until

pytestmark = pytest.mark.django_db(transaction=True)

People = Callable[..., list[Contact]]
NO_DOT_AFTER = 2.0  # seconds
FIRST_WITHIN = 1.0  # seconds
__all__ = ["receiver"]


@pytest.fixture
def domain(organization: Organization) -> SendingDomain:
    """With a key of its own: the relay signs in earnest."""
    with tenant_scope(organization):
        made = domains.add(organization=organization, name="copperkettle.example", actor=None)
        SendingDomain.objects.filter(pk=made.pk).update(state=DomainState.VERIFIED, verified_at=timezone.now())
        for name in CHECKS:
            DomainCheck.objects.update_or_create(
                organization=organization,
                domain=made,
                check_name=name,
                defaults={"status": Status.PASS, "measured_at": timezone.now(), "since": timezone.now()},
            )
        return SendingDomain.objects.get(pk=made.pk)


@pytest.fixture
def wire(receiver: tuple[int, int, Path], organization: Organization) -> Iterator[Path]:
    """A running relay; the file in which the receiver writes down whom it took mail for."""
    process: subprocess.Popen[bytes] = start(receiver[0], receiver[1])
    try:
        until(lambda: Relay.objects.filter(ended_at=None, pid=process.pid).exists(), within=60)
        yield receiver[2]
    finally:
        process.kill()
        process.wait()
    with cross_tenant("a test audits"):
        assert [line for line in audit.audit() if "held by" not in line] == []


def times(accepted: Path) -> list[float]:
    file = accepted.with_suffix(".times")
    return [float(line) for line in file.read_text().split()] if file.exists() else []


def launched(organization: Organization, draft: Campaign, actor: User, **choices: object) -> Campaign:
    """A launch through its verbs, with the choices of the launch page; frozen."""
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=actor, **choices)  # type: ignore[arg-type]
        assert launches.launch(campaign=draft, actor=actor)
    with tenant_scope(organization):
        assert launches.freeze(campaign=draft)
    return fresh(organization, draft)


def in_a_moment(organization: Organization, campaign: Campaign, seconds: float) -> Campaign:
    """Shorten the undo window of what is launched: nobody waits a minute for a test."""
    ends = timezone.now() + timedelta(seconds=seconds)
    with tenant_scope(organization):
        Campaign.objects.filter(pk=campaign.pk).update(leaves_at=ends, state=CampaignState.LAUNCHING)
    with tenant_scope(organization):
        assert launches.freeze(campaign=campaign)
    return fresh(organization, campaign)


def fresh(organization: Organization, campaign: Campaign) -> Campaign:
    with tenant_scope(organization):
        return Campaign.objects.select_related("mailing").get(pk=campaign.pk)


def not_frozen(organization: Organization, draft: Campaign, actor: User) -> Campaign:
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=actor, undo_minutes=1)
        assert launches.launch(campaign=draft, actor=actor)
    return draft


def test_the_first_message_is_accepted_within_a_second_after_the_window(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path
) -> None:
    people(30)
    campaign = in_a_moment(organization, not_frozen(organization, draft, marketer), 3)
    assert campaign.state == CampaignState.HOLDING and campaign.leaves_at is not None
    ends = campaign.leaves_at.timestamp()
    until(lambda: times(wire), within=15)
    first = times(wire)[0]
    assert first > ends, f"{ends - first:.3f} s before the end of the window"
    assert first - ends < FIRST_WITHIN
    with tenant_scope(organization):
        assert launches.let_go(campaign=campaign)
        with pytest.raises(Unlawful, match="cannot be taken back any more"):
            launches.take_back(campaign=campaign, actor=marketer)
    until(lambda: len(names(wire)) == 30, within=60)


def test_without_a_window_it_is_accepted_within_a_second_after_the_freeze(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path
) -> None:
    people(30)
    campaign = launched(organization, draft, marketer, undo_minutes=0)
    frozen = time.time()
    assert campaign.state == CampaignState.SENDING
    until(lambda: times(wire), within=15)
    assert times(wire)[0] - frozen < FIRST_WITHIN


def test_what_is_taken_back_sends_nothing_and_can_be_sent_again(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path
) -> None:
    people(20)
    campaign = in_a_moment(organization, not_frozen(organization, draft, marketer), 5)
    first = campaign.mailing
    assert first is not None
    with tenant_scope(organization):
        launches.take_back(campaign=campaign, actor=marketer)
    time.sleep(6.5)  # long past the end of the window
    assert names(wire) == []
    more = True
    while more:
        with tenant_scope(organization):
            first.refresh_from_db()
            more = launches.clear_away(mailing=first)
    with tenant_scope(organization):
        again = Campaign.objects.get(pk=draft.pk)
        assert again.state == CampaignState.DRAFT and again.mailing is None
        assert set(Delivery.objects.values_list("state", "reason")) == {(DeliveryState.CANCELLED, "taken_back")}
    campaign = launched(organization, again, marketer, undo_minutes=0)
    assert campaign.mailing_id != first.pk
    until(lambda: len(names(wire)) == 20, within=60)
    assert len(set(names(wire))) == 20


@pytest.mark.parametrize("late", [-0.05, 0.05])
def test_whoever_takes_it_back_in_the_last_moment_gets_all_or_nothing(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path, late: float
) -> None:
    """Either nothing has left and it is a draft, or it is refused and being sent: never a bit of both."""
    people(20)
    campaign = in_a_moment(organization, not_frozen(organization, draft, marketer), 2)
    assert campaign.leaves_at is not None
    time.sleep(max(0.0, campaign.leaves_at.timestamp() + late - time.time()))
    try:
        with tenant_scope(organization):
            launches.take_back(campaign=campaign, actor=marketer)
            time.sleep(0.3)  # a slow request: the window ends before it commits
    except Unlawful:
        until(lambda: len(names(wire)) == 20, within=60)
    else:
        time.sleep(2.5)
        assert names(wire) == []
        assert fresh(organization, campaign).state == CampaignState.DRAFT


@pytest.mark.parametrize("verb", [launches.pause, launches.cancel])
def test_no_final_dot_later_than_two_seconds_after_it(
    organization: Organization,
    draft: Campaign,
    people: People,
    marketer: User,
    wire: Path,
    verb: Callable[..., None],
) -> None:
    people(400)
    campaign = launched(organization, draft, marketer, undo_minutes=0)
    until(lambda: len(times(wire)) >= 40, within=30)
    with tenant_scope(organization):
        verb(campaign=campaign, actor=marketer)
    at = time.time()
    time.sleep(3.5)
    late = [moment - at for moment in times(wire) if moment - at > NO_DOT_AFTER]
    assert late == [] and len(times(wire)) < 400
    if verb is launches.pause:
        with tenant_scope(organization):
            launches.resume(campaign=campaign, actor=marketer)
        began = time.time()
        until(lambda: times(wire)[-1] > began, within=10)
        until(lambda: len(set(names(wire))) == 400, within=90)
        assert len(names(wire)) == 400


def test_a_scheduled_one_leaves_to_the_second(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path
) -> None:
    people(10)
    at = timezone.now() + timedelta(seconds=6)
    with tenant_scope(organization):
        schedules.choose(campaign=draft, actor=marketer, start_at=at)
        launches.launch(campaign=draft, actor=marketer)
        assert Campaign.objects.get(pk=draft.pk).state == CampaignState.LAUNCHING  # so near that it is frozen at once
    with tenant_scope(organization):
        launches.freeze(campaign=draft)
    until(lambda: times(wire), within=20)
    assert 0 <= times(wire)[0] - at.timestamp() < FIRST_WITHIN


def test_a_careful_start_sends_to_the_first_ones_only_until_it_is_let_go(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path
) -> None:
    people(100)
    careful = {"percent": 10, "minutes": 5, "bounces": 3.0, "complaints": 0.3, "go_on": True}
    campaign = launched(organization, draft, marketer, undo_minutes=0, canary=careful)
    until(lambda: len(names(wire)) == 10, within=30)
    time.sleep(3)
    assert len(names(wire)) == 10
    with tenant_scope(organization):
        assert canaries.watch(campaign=campaign) == ""
        canaries.go_on(campaign=campaign, actor=marketer)
    until(lambda: len(names(wire)) == 100, within=60)
    assert len(set(names(wire))) == 100


def test_a_take_back_waits_for_a_freeze_that_is_under_way(
    organization: Organization, draft: Campaign, people: People, marketer: User, wire: Path
) -> None:
    """A million people take seconds: whoever presses the button meanwhile is heard as soon as they are written down."""
    people(20)
    not_frozen(organization, draft, marketer)
    frozen, answers = threading.Event(), []

    def press() -> None:
        try:
            frozen.wait(timeout=10)
            with tenant_scope(organization):
                answers.append(launches.take_back(campaign=draft, actor=marketer).state)
        finally:
            connection.close()

    other = threading.Thread(target=press)
    other.start()
    with tenant_scope(organization):
        launches.freeze(campaign=draft)
        frozen.set()
        time.sleep(0.5)
        assert answers == []
    other.join(timeout=10)
    assert answers == [CampaignState.DRAFT]
    time.sleep(1.5)
    assert names(wire) == []
