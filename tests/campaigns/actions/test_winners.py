"""Who wins a test: by itself at the end of its time, once; or by hand at any time. The rest is let go with the winner's letter."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from campaigns import ab_testing, tasks
from campaigns.actions import launches, winners
from campaigns.enums import CampaignState, Differs, Unsure
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign
from campaigns.queries import archives, stories, variants, web_versions
from contacts.models import Contact
from reputation.actions import totals as folding
from sending.actions import engagement, evidence
from sending.enums import REST, Bucket, DeliveryState, EventKind, Hold
from sending.models import Delivery, Engagement, Mailing, MailingVariant, StoredMessage, Tally
from sending.tracking.tokens import Hit
from tests.campaigns.actions.test_variants import fresh, launch, set_up

People = Callable[..., list[Contact]]


def tally(campaign: Campaign, variant: int, kind: int, n: int, *, link: int = -1) -> None:
    Tally.objects.create(
        organization_id=campaign.organization_id,
        mailing_id=campaign.mailing_id,
        variant=variant,
        kind=kind,
        link=link,
        n=n,
        at=timezone.now(),
    )


def delivered(campaign: Campaign, clicks: dict[int, int], lost: dict[int, int] | None = None) -> None:
    """All who got a version have it; so many of each clicked, and left."""
    for variant, n in clicks.items():
        people = Delivery.objects.filter(mailing_id=campaign.mailing_id, variant=variant)
        size = people.update(state=DeliveryState.DELIVERED, attempts=1)
        tally(campaign, variant, Bucket.ON_ITS_WAY, -size)
        tally(campaign, variant, Bucket.DELIVERED, size)
        tally(campaign, variant, EventKind.FIRST_CLICKED, n)
        tally(campaign, variant, EventKind.UNSUBSCRIBED, (lost or {}).get(variant, 0))


def later(campaign: Campaign, minutes: int = 61) -> None:
    """The clock goes on."""
    test = fresh(campaign).test
    moved = {number: _back(at, minutes) for number, at in test["last"].items()}
    Campaign.objects.filter(pk=campaign.pk).update(test={**test, "last": moved})


def _back(at: str, minutes: int) -> str:
    return (datetime.fromisoformat(at) - timedelta(minutes=minutes)).isoformat()


def rest(campaign: Campaign) -> MailingVariant:
    return MailingVariant.objects.select_related("letter").get(mailing_id=campaign.mailing_id, variant=REST)


@pytest.fixture
def tested(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    """A and B to 400 each, 200 wait."""
    people(1_000)
    with tenant_scope(organization):
        return launch(set_up(draft, marketer, versions=[{"subject": "Two"}], share=80), marketer)


def test_a_clear_winner_goes_to_the_rest_by_itself(
    organization: Organization, tested: Campaign, marketer: User, tasks_at_once: None
) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
    tasks.look_after_launches()
    with tenant_scope(organization):
        assert rest(tested).hold == Hold.REST  # its time is not over
        later(tested)
    tasks.look_after_launches()
    with tenant_scope(organization):
        campaign = fresh(tested)
        assert campaign.test["winner"] == 2 and campaign.test["outcome"]["word"] == "won"
        assert "B is better: 15% clicked, against 5% of A." in campaign.test["outcome"]["why"]
        row = rest(tested)
        assert row.hold is None and row.letter.subject == "Two" and row.released_at is not None
        mail = StoredMessage.objects.select_related("delivery").get()
        assert mail.subject == "Decided: Spring letter" and mail.delivery.address == marketer.email
        assert AuditEntry.objects.filter(verb="campaigns.test_won").count() == 1
        assert winners.watch(campaign=campaign) == ""
        with pytest.raises(Unlawful, match="decided already"):
            winners.choose(campaign=campaign, number=1, actor=marketer)
    tasks.look_after_launches()
    with tenant_scope(organization):
        assert StoredMessage.objects.count() == 1 and rest(tested).letter.subject == "Two"


def test_too_few_to_tell_asks_once_and_stays_asked(
    organization: Organization, tested: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(test={**tested.test, "unsure": "ask"})
        delivered(tested, {1: 20, 2: 26})
        later(tested)
        assert winners.watch(campaign=tested) == "ask"
        assert winners.watch(campaign=tested) == ""
        assert rest(tested).hold == Hold.REST
        assert StoredMessage.objects.get().subject == "Waits for you: Spring letter"
        tally(tested, 2, EventKind.FIRST_CLICKED, 100)  # numbers that come later decide nothing
        assert winners.watch(campaign=tested) == ""
        results = variants.results(fresh(tested))
        assert results is not None and results.outcome == "ask" and results.may_choose
        winners.choose(campaign=tested, number=1, actor=marketer)
        assert rest(tested).hold is None and rest(tested).letter.subject == tested.subject
        assert fresh(tested).test["outcome"]["by_hand"] is True


def test_who_drives_people_away_does_not_win_by_itself(organization: Organization, tested: Campaign) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60}, lost={2: 20})
        later(tested)
        assert winners.watch(campaign=tested) == "ask"
        assert "more people leave because of B" in fresh(tested).test["outcome"]["why"]
        results = variants.results(fresh(tested))
        assert results is not None and [part.costs_more for part in results.parts] == [False, True]


def test_who_unsubscribes_and_reports_spam_has_left_once(organization: Organization, tested: Campaign) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
        row = Delivery.objects.filter(mailing_id=tested.mailing_id, variant=2).earliest("pk")
        assert engagement.unsubscribed(delivery_id=row.pk)
        assert evidence.complained(delivery_id=row.pk, kind="abuse", agent="")
        assert [each.lost for each in variants.seen(fresh(tested))] == [0, 1]
        results = variants.results(fresh(tested))
        assert results is not None and [part.seen.lost for part in results.parts] == [0, 1] and results.rest_lost == 0


def test_it_waits_for_answers(organization: Organization, tested: Campaign) -> None:
    with tenant_scope(organization):
        later(tested)
        assert winners.watch(campaign=tested) == "" and rest(tested).hold == Hold.REST
        delivered(tested, {1: 20, 2: 21})
        assert winners.watch(campaign=tested) == "won"  # the one that leads, as was chosen


def test_unconfirmed_messages_keep_nobody_waiting(organization: Organization, tested: Campaign) -> None:
    """A relay died in the middle of a version: of most of its people nothing will be heard."""
    with tenant_scope(organization):
        delivered(tested, {2: 60})
        doubtful = Delivery.objects.filter(mailing_id=tested.mailing_id, variant=1)
        n = doubtful.update(state=DeliveryState.IN_DOUBT, attempts=1)
        tally(tested, 1, Bucket.ON_ITS_WAY, -n)
        tally(tested, 1, Bucket.IN_DOUBT, n)
        later(tested)
        assert winners.watch(campaign=fresh(tested)) == "won" and rest(tested).letter.subject == "Two"


@pytest.mark.parametrize(("unsure", "word"), [(Unsure.LEADER, "won"), (Unsure.ASK, "ask")])
def test_of_so_few_people_that_no_version_has_any_nobody_waits(
    organization: Organization, draft: Campaign, people: People, marketer: User, unsure: Unsure, word: str
) -> None:
    people(1)
    with tenant_scope(organization):
        campaign = launch(set_up(draft, marketer, share=40, unsure=unsure), marketer)
        assert Delivery.objects.get(mailing_id=campaign.mailing_id).variant == REST
        assert winners.watch(campaign=campaign) == word
        said = fresh(campaign).test["outcome"]["why"]
        assert said.startswith("Too few to tell: nobody has clicked.") and "A leads" not in said
        assert (rest(campaign).hold is None) == (word == "won")
        assert StoredMessage.objects.get().subject.startswith("Decided" if word == "won" else "Waits for you")


def test_by_hand_early_while_it_is_paused(organization: Organization, tested: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
        launches.pause(campaign=tested, actor=marketer)
        later(tested)
        assert winners.watch(campaign=tested) == ""  # nothing by itself in a pause
        with pytest.raises(Refused, match="no such version"):
            winners.choose(campaign=tested, number=3, actor=marketer)
        winners.choose(campaign=tested, number=2, actor=marketer)
        campaign = fresh(tested)
        assert campaign.state == CampaignState.PAUSED and campaign.mailing.hold == Hold.PAUSED
        assert rest(tested).hold is None and rest(tested).letter.subject == "Two"
        entry = AuditEntry.objects.get(verb="campaigns.winner_chosen")
        assert entry.data["version"] == "B" and "15%" in entry.data["numbers"]
        launches.resume(campaign=campaign, actor=marketer)
        assert fresh(tested).test["winner"] == 2


def test_a_pause_does_not_count(organization: Organization, tested: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        before = variants.over_at(tested)
        launches.pause(campaign=tested, actor=marketer)
        Mailing.objects.filter(pk=tested.mailing_id).update(held_at=timezone.now() - timedelta(hours=3))
        launches.resume(campaign=fresh(tested), actor=marketer)
        after = variants.over_at(fresh(tested))
        assert before is not None and after is not None
        assert timedelta(hours=3) <= after - before < timedelta(hours=3, minutes=1)


def test_cancelled_nobody_of_the_rest_gets_it(organization: Organization, tested: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
        later(tested)
        launches.cancel(campaign=tested, actor=marketer)
        assert winners.watch(campaign=tested) == ""
        with pytest.raises(Unlawful):
            winners.choose(campaign=tested, number=2, actor=marketer)
        while launches.clear_away(mailing=Mailing.objects.get(pk=tested.mailing_id)):
            pass
        assert set(Delivery.objects.filter(variant=REST).values_list("state", flat=True)) == {DeliveryState.CANCELLED}
        results = variants.results(fresh(tested))
        assert results is not None and results.together == results.audience == 1_000 and not results.may_choose


def test_it_is_not_done_while_the_rest_waits(organization: Organization, tested: Campaign) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 0, 2: 0})
        assert launches.finish_if_done(campaign=tested) is False


def test_each_version_is_counted_in_its_own_time(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    """A left two hours earlier and went on being clicked: what came after its own time does not count."""
    people(1_000)
    with tenant_scope(organization):
        tested = launch(set_up(draft, marketer, what=Differs.TIME, versions=[{"delay_minutes": 120}]), marketer)
        delivered(tested, {1: 150, 2: 60})
        later(tested, 181)
        ends = dict(enumerate(_ends(fresh(tested)), start=1))
        for number, early, late in ((1, 20, 130), (2, 60, 0)):
            ids = list(Delivery.objects.filter(variant=number).values_list("pk", flat=True)[: early + late])
            Engagement.objects.bulk_create(
                Engagement(
                    delivery_id=pk,
                    organization=organization,
                    mailing_id=tested.mailing_id,
                    clicked_at=ends[number] + timedelta(minutes=-1 if n < early else 1),
                )
                for n, pk in enumerate(ids)
            )
        assert [(each.number, each.clicks) for each in variants.seen(fresh(tested))] == [(1, 20), (2, 60)]
        assert winners.watch(campaign=tested) == "won" and fresh(tested).test["winner"] == 2


def _ends(campaign: Campaign) -> list[Any]:
    settings = ab_testing.Settings.of(campaign.test)
    assert settings is not None
    return list(ab_testing.ends(campaign.test, settings).values())


def test_what_they_got_is_the_winners_everywhere(organization: Organization, tested: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        Campaign.objects.update(is_public=True)
        waiting = Delivery.objects.filter(variant=REST).select_related("mailing__stream").first()
        assert waiting is not None
        assert stories.of(waiting).line.version == "The others, who wait for a winner"
        winners.choose(campaign=tested, number=2, actor=marketer)
        line = stories.of(Delivery.objects.select_related("mailing__stream").get(pk=waiting.pk)).line
        assert line.version == "The others, version B"
        shown = web_versions.mail(Hit(delivery_id=waiting.pk, mailing_id=waiting.mailing_id, link=None))
        assert shown is not None and shown.subject == "Two"
        of_a = Delivery.objects.filter(variant=1).first()
        assert of_a is not None
        own = web_versions.mail(Hit(delivery_id=of_a.pk, mailing_id=of_a.mailing_id, link=None))
        assert own is not None and own.subject.startswith("Hello Name")
        Campaign.objects.update(state=CampaignState.FINISHED)
        assert archives.issues(tested.brand)[0][0].title == "Two"


def test_the_numbers_add_up_after_folding(organization: Organization, tested: Campaign) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
    with cross_tenant("totals are folded over all organizations"):
        folding.fold()
    with tenant_scope(organization):
        results = variants.results(fresh(tested))
        assert results is not None and results.together == results.audience == 1_000
        assert [part.seen.clicks for part in results.parts] == [20, 60]


@pytest.fixture
def two_workers(transactional_db: None) -> Callable[[Callable[[], None]], None]:
    def run(work: Callable[[], None]) -> None:
        def each() -> None:
            try:
                work()
            finally:
                connection.close()

        workers = [threading.Thread(target=each) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return run


def test_two_workers_decide_once(
    two_workers: Callable[[Callable[[], None]], None], organization: Organization, tested: Campaign
) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
        later(tested)
    two_workers(lambda: tasks.find_winner(organization.pk, tested.pk))
    with tenant_scope(organization):
        assert AuditEntry.objects.filter(verb="campaigns.test_won").count() == 1
        assert StoredMessage.objects.count() == 1 and rest(tested).letter.subject == "Two"


def test_a_killed_worker_leaves_nothing_half_done(
    organization: Organization, tested: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tenant_scope(organization):
        delivered(tested, {1: 20, 2: 60})
        later(tested)

    def killed(**_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(winners.notices, "tell", killed)
    with pytest.raises(SystemExit), tenant_scope(organization):
        winners.watch(campaign=tested)
    monkeypatch.undo()
    with tenant_scope(organization):
        assert rest(tested).hold == Hold.REST and "outcome" not in fresh(tested).test
        assert winners.watch(campaign=tested) == "won" and rest(tested).hold is None
