"""A launch freezes content and audience once, whatever is clicked or crashes; every later move keeps the sum."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import campaigns as verbs
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.errors import NotReady, Unlawful
from campaigns.models import Campaign
from campaigns.queries import checklist
from contacts.actions import segments, suppressions
from contacts.enums import SuppressionReason
from contacts.models import Contact, Segment, Topic
from reputation.queries import totals
from sending.actions import mailings
from sending.enums import BarPart, Bucket, DeliveryState, EventKind, Hold
from sending.models import Delivery, Event, Lane, Letter, Mailing, Tally

People = Callable[..., list[Contact]]


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("mailing", "topic", "segment", "design").get(pk=campaign.pk)


def adds_up(mailing: Mailing) -> Counter[Bucket]:
    """The tallies' buckets, which must be what the rows say."""
    said = totals.of_mailing(mailing.pk)
    rows = Counter(Delivery.objects.filter(mailing=mailing).values_list("state", flat=True))
    assert said.audience == mailing.audience_size == sum(rows.values())
    return Counter({bucket: said.of(bucket) for bucket in Bucket if said.of(bucket)})


@pytest.fixture
def sending(organization: Organization, draft: Campaign, people: People, marketer: User) -> Campaign:
    people(7)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=fresh(draft))
        return fresh(draft)


def test_a_launch_freezes_content_and_everybody_skipped_people_too(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    contacts = people(10)
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization,
            address=contacts[0].address,
            reason=SuppressionReason.COMPLAINED,
            source="mailroom",
        )
        assert launches.launch(campaign=draft, actor=marketer) is True
        campaign = fresh(draft)
        assert campaign.state == CampaignState.LAUNCHING and campaign.launched_by == marketer
        assert not Delivery.objects.exists()
        assert launches.freeze(campaign=campaign) is True
        campaign = fresh(draft)
        assert campaign.state == CampaignState.SENDING
        mailing = campaign.mailing
        assert mailing.audience_size == 10 and mailing.sealed_at and mailing.topic_id == draft.topic_id
        assert adds_up(mailing) == {Bucket.ON_ITS_WAY: 9, Bucket.SUPPRESSED: 1}
        skipped = Delivery.objects.get(state=DeliveryState.SUPPRESSED)
        assert skipped.contact_id == contacts[0].pk and skipped.reason == "complained"
        assert set(Lane.objects.values_list("domain", flat=True)) == {"a.example", "b.example", "c.example"}
        for delivery in Delivery.objects.select_related("lane", "contact"):
            assert delivery.lane.domain == delivery.contact.domain and delivery.address == delivery.contact.address_key
        letter = Letter.objects.get(pk=mailing.letter_id)
        assert letter.links == ["https://copperkettle.example/first-story", "https://copperkettle.example/second-story"]
        assert letter.facts["brand"]["postal_address"].startswith("Kettle Street")
        assert "{{ contact.first_name" in letter.html and "{{ unsubscribe_url }}" in letter.text


def test_launching_twice_makes_one_send(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    with tenant_scope(organization):
        assert launches.launch(campaign=draft, actor=marketer) is True
        assert launches.launch(campaign=draft, actor=marketer) is False
        launches.freeze(campaign=fresh(draft))
        assert launches.freeze(campaign=fresh(draft)) is False
        assert launches.launch(campaign=draft, actor=marketer) is False
        assert Mailing.objects.filter(stream__kind="marketing").count() == 1
        assert Delivery.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_moment_make_one_send(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(3)
    results: list[bool] = []
    gate = threading.Barrier(2)

    def click() -> None:
        try:
            gate.wait(timeout=10)
            with tenant_scope(organization):
                results.append(launches.launch(campaign=draft, actor=marketer))
            with tenant_scope(organization):
                launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        finally:
            connection.close()

    tabs = [threading.Thread(target=click) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join(timeout=30)
    assert sorted(results) == [False, True]
    with tenant_scope(organization):
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        assert Mailing.objects.count() == 1 and Delivery.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_crash_in_the_freeze_leaves_nothing_and_is_redone(
    organization: Organization, draft: Campaign, people: People, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(5)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("killed")

    def crash() -> None:
        with tenant_scope(organization):
            launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))

    with monkeypatch.context() as broken:
        broken.setattr(launches, "move", fail)
        with pytest.raises(RuntimeError, match="killed"):
            crash()
    with tenant_scope(organization):
        assert not Delivery.objects.exists() and not Tally.objects.exists() and not Lane.objects.exists()
        assert launches.freeze(campaign=Campaign.objects.get(pk=draft.pk)) is True
        assert adds_up(fresh(draft).mailing) == {Bucket.ON_ITS_WAY: 5}


def test_what_is_not_ready_is_not_launched(organization: Organization, draft: Campaign, marketer: User) -> None:
    with tenant_scope(organization), pytest.raises(NotReady) as caught:
        launches.launch(campaign=draft, actor=marketer)
    assert [result.name for result in caught.value.results] == ["audience"]
    with tenant_scope(organization):
        assert fresh(draft).state == CampaignState.DRAFT and not Letter.objects.exists()


def test_a_warning_wants_its_tick(organization: Organization, draft: Campaign, people: People, marketer: User) -> None:
    people(2)
    with tenant_scope(organization):
        verbs.edit(campaign=draft, actor=marketer, subject="RE: your order")
        with pytest.raises(NotReady) as caught:
            launches.launch(campaign=draft, actor=marketer)
        assert [(r.name, r.status) for r in caught.value.results] == [("subject", "warn")]
        assert launches.launch(campaign=draft, actor=marketer, accepted=["subject", "size"]) is True
        assert fresh(draft).accepted_warnings == ["subject"]


def test_included_and_excluded_segments_decide_who_gets_it(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(6, city="Oslo")
    people(4, city="Rome")
    with tenant_scope(organization):

        def segment(name: str, *rules: dict[str, str]) -> Segment:
            return segments.save(
                organization=organization,
                segment=None,
                name=name,
                definition={"match": "all", "rules": list(rules)},
                actor=marketer,
            )

        oslo = segment("Oslo", {"about": "field:city", "op": "is", "value": "Oslo"})
        first = segment("First", {"about": "address", "op": "starts", "value": "p1@"})
        verbs.edit(campaign=draft, actor=marketer, segment=oslo, excluded_segment=first)
        words = next(result.evidence for result in checklist.results(fresh(draft)) if result.name == "audience")
        assert words == "5 people in “Weekly news” within “Oslo” without “First”."
        launches.launch(campaign=draft, actor=marketer)
        segments.archive(segment=first, actor=marketer)
        assert launches.freeze(campaign=fresh(draft)) is True
        sent = Delivery.objects.filter(mailing=fresh(draft).mailing).values_list("address", flat=True)
        assert sorted(address.partition("@")[0] for address in sent) == ["p2", "p3", "p4", "p5", "p6"]


def test_an_excluded_segment_that_broke_stops_the_launch_too(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(2)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        segment = Segment.objects.create(organization=organization, name="Broken", definition={"nonsense": 1})
        Campaign.objects.filter(pk=draft.pk).update(excluded_segment=segment)
        assert launches.freeze(campaign=fresh(draft)) is False
        assert "The segment “Broken” cannot be understood any more" in fresh(draft).problem
        assert next(r for r in checklist.results(fresh(draft)) if r.name == "audience").status == "fail"


def test_a_segment_that_broke_meanwhile_takes_the_launch_back(
    organization: Organization, draft: Campaign, people: People, marketer: User
) -> None:
    people(2)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        segment = Segment.objects.create(organization=organization, name="Broken", definition={"nonsense": 1})
        Campaign.objects.filter(pk=draft.pk).update(segment=segment)
        assert launches.freeze(campaign=fresh(draft)) is False
        campaign = fresh(draft)
        assert campaign.state == CampaignState.DRAFT and campaign.mailing is None
        assert "Broken" in campaign.problem and "Nothing was sent." in campaign.problem
        assert not Mailing.objects.exists() and not Letter.objects.exists()


def test_pause_and_resume(organization: Organization, sending: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        launches.pause(campaign=sending, actor=marketer)
        assert fresh(sending).state == CampaignState.PAUSED and fresh(sending).mailing.hold == Hold.PAUSED
        with pytest.raises(Unlawful, match="is paused, so it cannot be paused"):
            launches.pause(campaign=sending, actor=marketer)
        launches.resume(campaign=sending, actor=marketer)
        assert fresh(sending).state == CampaignState.SENDING and fresh(sending).mailing.hold is None
        with pytest.raises(Unlawful, match="is being sent, so it cannot be resumed"):
            launches.resume(campaign=sending, actor=marketer)


def test_cancel_holds_at_once_and_the_rows_follow(
    organization: Organization, sending: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        first, second = Delivery.objects.order_by("id")[:2]
        Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.SENDING)
        Delivery.objects.filter(pk=second.pk).update(state=DeliveryState.DEFERRED, attempts=2, provider="gmail")
        mailing = sending.mailing
        for kind, n, provider in ((Bucket.ON_ITS_WAY, -1, ""), (Bucket.RETRYING, 1, "gmail")):
            Tally.objects.create(
                organization=organization,
                mailing_id=mailing.pk,
                kind=kind,
                n=n,
                provider=provider,
                at=sending.launched_at,
            )
        launches.cancel(campaign=sending, actor=marketer)
        assert fresh(sending).mailing.hold == Hold.CANCELLED
        assert launches.clear_away(mailing=fresh(sending).mailing) is True
        assert launches.clear_away(mailing=fresh(sending).mailing) is False
        # One is in a relay's hands: it is refused its final dot and comes back.
        assert fresh(sending).finished_at is None
        assert adds_up(mailing) == {Bucket.ON_ITS_WAY: 1, Bucket.CANCELLED: 6}
        assert totals.by_provider(mailing.pk)["gmail"].parts[BarPart.SKIPPED] == 1
        Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.QUEUED)
        assert launches.clear_away(mailing=fresh(sending).mailing) is True
        assert launches.clear_away(mailing=fresh(sending).mailing) is False
        campaign = fresh(sending)
        assert campaign.finished_at and campaign.mailing.finished_at and campaign.state == CampaignState.CANCELLED
        assert adds_up(mailing) == {Bucket.CANCELLED: 7}
        assert Event.objects.filter(kind=EventKind.CANCELLED).count() == 7
        assert not Lane.objects.filter(open=True).exists()
        with pytest.raises(Unlawful):
            launches.resume(campaign=sending, actor=marketer)


def test_it_is_finished_when_nothing_is_open(organization: Organization, sending: Campaign) -> None:
    with tenant_scope(organization):
        assert launches.finish_if_done(campaign=sending) is False
        for state in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED):
            Delivery.objects.update(state=DeliveryState.DELIVERED)
            Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state=state)
            assert launches.finish_if_done(campaign=sending) is False
        Delivery.objects.update(state=DeliveryState.DELIVERED)
        Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state=DeliveryState.IN_DOUBT)
        assert launches.finish_if_done(campaign=sending) is True
        assert fresh(sending).state == CampaignState.FINISHED and fresh(sending).finished_at


def test_an_audience_that_left_before_the_freeze_is_an_empty_send(
    organization: Organization, draft: Campaign, people: People, marketer: User, topic: Topic
) -> None:
    people(1)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        Contact.objects.update(archived_at="2026-01-01T00:00Z")
        assert launches.freeze(campaign=fresh(draft)) is True
        assert fresh(draft).mailing.audience_size == 0
        assert launches.finish_if_done(campaign=fresh(draft)) is True


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_again_while_the_send_is_being_finished_is_not_left_behind(
    organization: Organization, sending: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        Delivery.objects.update(state=DeliveryState.DELIVERED)
        doubtful = Delivery.objects.order_by("id")[0]
        Delivery.objects.filter(pk=doubtful.pk).update(state=DeliveryState.IN_DOUBT, attempts=1)
    again, results = threading.Event(), []

    def sweep() -> None:
        try:
            again.wait(timeout=10)
            with tenant_scope(organization):
                results.append(launches.finish_if_done(campaign=sending))
        finally:
            connection.close()

    worker = threading.Thread(target=sweep)
    worker.start()
    with tenant_scope(organization):
        assert mailings.send_again(delivery=doubtful, actor=marketer) is True
        launches.reopen(mailing_id=doubtful.mailing_id)
        again.set()
        worker.join(timeout=1)  # it waits for us
    worker.join(timeout=10)
    assert results == [False]
    with tenant_scope(organization):
        assert fresh(sending).state == CampaignState.SENDING
        assert Delivery.objects.select_related("lane").get(pk=doubtful.pk).lane.open


@pytest.mark.django_db(transaction=True)
def test_the_story_keeps_its_order_when_a_relay_writes_while_the_rest_is_cleared_away(
    organization: Organization, sending: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        launches.cancel(campaign=sending, actor=marketer)
        delivery = Delivery.objects.order_by("id")[0]

    def relay() -> None:
        try:
            with tenant_scope(organization), connection.cursor() as cursor:
                Delivery.objects.filter(pk=delivery.pk).update(state=DeliveryState.DEFERRED, attempts=1)
                cursor.execute(
                    "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind) VALUES (%s, %s, %s, %s)",
                    [organization.pk, delivery.mailing_id, delivery.pk, int(EventKind.DEFERRED)],
                )
        finally:
            connection.close()

    with tenant_scope(organization):
        campaign = fresh(sending)  # the transaction has begun
        other = threading.Thread(target=relay)
        other.start()
        other.join(timeout=10)
        assert launches.clear_away(mailing=campaign.mailing) is True
    with tenant_scope(organization):
        story = Event.objects.filter(delivery_id=delivery.pk).order_by("at").values_list("kind", flat=True)
        assert list(story) == [EventKind.DEFERRED, EventKind.CANCELLED]
