"""What follows a send is for exactly the chosen people of it, as things stand when it is frozen."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import tenant_scope
from campaigns import ab_testing
from campaigns.actions import copies, launches, schedules
from campaigns.enums import CampaignKind, CampaignState, ParentPeople
from campaigns.errors import Refused, Unlawful
from campaigns.models import Campaign, Variant
from campaigns.queries import audiences, checklist, follow_ups
from contacts.actions import address_changes, erasure, subscriptions, suppressions
from contacts.actions import segments as segment_verbs
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SuppressionReason
from contacts.models import Contact
from sending.actions import evidence, mailings
from sending.enums import DeliveryState
from sending.models import Delivery, Engagement
from tests.campaigns.actions.test_launches import adds_up, fresh

People = Callable[..., list[Contact]]
SAID = Statement(source=ConsentSource.PAGE)
RESEND, CORRECTION = CampaignKind.RESEND, CampaignKind.CORRECTION


def deliver(campaign: Campaign, *, state: DeliveryState = DeliveryState.DELIVERED) -> None:
    """Everything that waits is settled, as the relay would have done it, and the campaign finished."""
    waiting = Delivery.objects.filter(mailing=campaign.mailing, state=DeliveryState.QUEUED)
    for delivery in waiting:
        evidence._move(delivery, state, code="250", reason="")
    launches.finish_if_done(campaign=campaign)


def opened(campaign: Campaign, contact: Contact, *deeds: str) -> None:
    delivery = Delivery.objects.get(mailing=campaign.mailing, contact=contact)
    Engagement.objects.update_or_create(
        delivery=delivery,
        organization_id=campaign.organization_id,
        mailing_id=campaign.mailing_id,
        contact_id=contact.pk,
        defaults=dict.fromkeys(deeds or ("opened_at",), timezone.now()),
    )


def sent_to(campaign: Campaign, actor: User) -> list[int]:
    """Launch, freeze; gives the ids of the people in the ledger who are not skipped."""
    ticked = [result.name for result in checklist.results(campaign)]
    schedules.choose(campaign=campaign, actor=actor, undo_minutes=0)
    assert launches.launch(campaign=campaign, actor=actor, accepted=ticked)
    assert launches.freeze(campaign=fresh(campaign))
    rows = Delivery.objects.filter(mailing=fresh(campaign).mailing).exclude(state=DeliveryState.SUPPRESSED)
    return sorted(rows.values_list("contact_id", flat=True))


@pytest.fixture
def crowd(people: People) -> list[Contact]:
    return people(12)


@pytest.fixture
def sent(organization: Organization, draft: Campaign, crowd: list[Contact], marketer: User) -> Campaign:
    """Delivered to twelve: the first four opened, of the next two only machines did, the last opened none."""
    with tenant_scope(organization):
        sent_to(draft, marketer)
        campaign = fresh(draft)
        deliver(campaign)
        for contact in crowd[:4]:
            opened(campaign, contact)
        opened(campaign, crowd[0], "opened_at", "clicked_at")
        for contact in crowd[4:6]:
            opened(campaign, contact, "machine_opened_at")
        return fresh(campaign)


def follow(sent: Campaign, actor: User, *people: ParentPeople, kind: CampaignKind = RESEND) -> Campaign:
    return copies.follow_up(
        campaign=sent, kind=kind, people=people or [ParentPeople.NO_OPEN], subject="Once more", actor=actor
    )


def test_a_resend_is_a_draft_with_the_same_content_and_its_own_subject(
    organization: Organization, sent: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        made = follow(sent, marketer)
        assert made.state == CampaignState.DRAFT and made.kind == RESEND and made.parent == sent
        assert (
            made.parent_people == ["no_open"] and made.subject == "Once more" and made.name == "Resend of Spring letter"
        )
        assert made.design.mjml == sent.design.mjml and made.design_id != sent.design_id
        assert (made.topic_id, made.domain_id, made.from_name) == (sent.topic_id, sent.domain_id, sent.from_name)
        assert AuditEntry.objects.filter(verb="campaigns.follow_up_made").count() == 1
        found = {result.name: result for result in checklist.results(made)}
        assert found["audience"].evidence == "6 people in “Weekly news” who did not open “Spring letter”."
        assert found["lately"].status == "pass"  # the first send is not another campaign
        assert audiences.in_words(made).endswith(", and of them only those who did not open “Spring letter”")


def test_opened_cannot_tell_and_no_open_are_apart(organization: Organization, sent: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        numbers = follow_ups.numbers(sent)
        assert (numbers.got_it, numbers.opened, numbers.cannot_tell, numbers.no_open, numbers.clicked) == (
            12,
            4,
            2,
            6,
            1,
        )
        sizes = {
            people: audiences.size(follow(sent, marketer, *people))
            for people in ((ParentPeople.NO_OPEN,), (ParentPeople.CANNOT_TELL,), tuple(follow_ups.PEOPLE[RESEND]))
        }
        assert list(sizes.values()) == [6, 2, 8]
        for people, size in (((ParentPeople.GOT_IT,), 12), ((ParentPeople.CLICKED,), 1)):
            assert audiences.size(follow(sent, marketer, *people, kind=CORRECTION)) == size


def test_exactly_who_did_not_open_by_the_freeze_and_still_wants_it(
    organization: Organization, sent: Campaign, crowd: list[Contact], marketer: User, people: People
) -> None:
    left, erased, moved, bounced, meanwhile, stays = crowd[6:]
    with tenant_scope(organization):
        made = follow(sent, marketer)
        assert audiences.size(made) == 6
        subscriptions.unsubscribe(contact=left, topic=sent.topic, statement=SAID)
        erasure.erase(contact=erased)
        address_changes.change(contact=moved, address="moved@elsewhere.example")
        delivery = Delivery.objects.get(mailing=sent.mailing, contact=bounced)
        assert evidence.bounced(
            delivery_id=delivery.pk,
            code="550 5.1.1",
            text="gone",
            reason="invalid",
            address_is_invalid=True,
            source="m",
        )
    joined = people(1)[0]  # subscribed since, and never got the first one
    with tenant_scope(organization):
        made = fresh(made)
        ticked = [result.name for result in checklist.results(made)]
        schedules.choose(campaign=made, actor=marketer, undo_minutes=0)
        launches.launch(campaign=made, actor=marketer, accepted=ticked)
        opened(sent, meanwhile)  # between the press of the button and the freeze
        launches.freeze(campaign=fresh(made))
        mailing = fresh(made).mailing
        rows = Delivery.objects.filter(mailing=mailing)
        assert {row.contact_id: row.address for row in rows} == {
            moved.pk: "moved@elsewhere.example",
            stays.pk: stays.address_key,
        }
        assert joined.pk not in set(rows.values_list("contact_id", flat=True))
        adds_up(mailing)


def test_who_may_not_be_written_to_is_a_row_with_the_reason(
    organization: Organization, sent: Campaign, crowd: list[Contact], marketer: User
) -> None:
    with tenant_scope(organization):
        suppressions.suppress(
            organization=organization, address=crowd[6].address, reason=SuppressionReason.COMPLAINED, source="mailroom"
        )
        made = follow(sent, marketer)
        assert sent_to(made, marketer) == sorted(contact.pk for contact in crowd[7:])
        skipped = Delivery.objects.get(mailing=fresh(made).mailing, state=DeliveryState.SUPPRESSED)
        assert (skipped.contact_id, skipped.reason) == (crowd[6].pk, "complained")
        adds_up(fresh(made).mailing)


def test_segments_narrow_it_further(
    organization: Organization, sent: Campaign, crowd: list[Contact], marketer: User
) -> None:
    with tenant_scope(organization):
        Contact.objects.filter(pk__in=[crowd[0].pk, crowd[6].pk, crowd[7].pk]).update(values={"city": "Oslo"})
        oslo = segment_verbs.save(
            organization=organization,
            segment=None,
            name="Oslo",
            definition={"match": "all", "rules": [{"about": "field:city", "op": "is", "value": "Oslo"}]},
            actor=marketer,
        )
        inside, outside = follow(sent, marketer), follow(sent, marketer)
        inside.segment, outside.excluded_segment = oslo, oslo
        inside.save()
        outside.save()
        assert sent_to(inside, marketer) == [crowd[6].pk, crowd[7].pk]
        assert audiences.size(outside) == 4


def test_a_resend_of_a_resend(organization: Organization, sent: Campaign, crowd: list[Contact], marketer: User) -> None:
    with tenant_scope(organization):
        second = follow(sent, marketer)
        assert sent_to(second, marketer) == sorted(contact.pk for contact in crowd[6:])
        deliver(fresh(second))
        opened(fresh(second), crowd[6])
        third = follow(fresh(second), marketer)
        assert third.name == "Resend of Resend of Spring letter" and third.parent_id == second.pk
        assert follow_ups.mailings_before(third) == [fresh(second).mailing_id, sent.mailing_id]
        assert {result.name: result.status for result in checklist.results(third)}["lately"] == "pass"
        assert sent_to(third, marketer) == sorted(contact.pk for contact in crowd[7:])
        assert [each.pk for each in follow_ups.followers(sent)] == [second.pk]


def test_there_are_no_rings(organization: Organization, sent: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        made = follow(sent, marketer)
        for pk, parent in ((sent.pk, made.pk), (made.pk, made.pk)):
            with pytest.raises(IntegrityError, match="follows_an_older"), transaction.atomic():
                Campaign.objects.filter(pk=pk).update(parent_id=parent)


def test_a_correction_to_who_clicked_is_for_people_and_not_for_machines(
    organization: Organization, sent: Campaign, crowd: list[Contact], marketer: User
) -> None:
    with tenant_scope(organization):
        opened(sent, crowd[5], "machine_clicked_at")
        made = follow(sent, marketer, ParentPeople.CLICKED, kind=CORRECTION)
        assert sent_to(made, marketer) == [crowd[0].pk]


def test_what_was_not_sent_is_not_followed(organization: Organization, draft: Campaign, marketer: User) -> None:
    with tenant_scope(organization), pytest.raises(Unlawful, match="Nothing of this campaign has been sent yet"):
        follow(draft, marketer)


@pytest.mark.parametrize(
    ("kind", "whom"),
    [
        (RESEND, []),
        (RESEND, [ParentPeople.GOT_IT]),
        (RESEND, [ParentPeople.NO_OPEN, ParentPeople.CLICKED]),
        (CORRECTION, [ParentPeople.NO_OPEN]),
    ],
)
def test_each_kind_is_for_its_own_people(
    organization: Organization, sent: Campaign, marketer: User, kind: CampaignKind, whom: list[ParentPeople]
) -> None:
    with tenant_scope(organization), pytest.raises(Refused, match="Choose whom it is for"):
        copies.follow_up(campaign=sent, kind=kind, people=whom, subject="Once more", actor=marketer)


def test_of_a_decided_test_the_winner_is_said_again(organization: Organization, sent: Campaign, marketer: User) -> None:
    with tenant_scope(organization):
        Variant.objects.create(organization=organization, campaign=sent, number=2, from_name="Zoë")
        Campaign.objects.filter(pk=sent.pk).update(test={**ab_testing.DEFAULTS, "what": "from_name", "winner": 2})
        made = follow(fresh(sent), marketer)
        assert (made.from_name, made.subject, made.test) == ("Zoë", "Once more", {})


def test_a_duplicate_of_a_resend_is_an_ordinary_campaign(
    organization: Organization, sent: Campaign, marketer: User
) -> None:
    with tenant_scope(organization):
        copy = copies.duplicate(campaign=follow(sent, marketer), actor=marketer)
        assert (copy.kind, copy.parent_id, copy.parent_people) == (CampaignKind.REGULAR, None, [])
        assert audiences.size(copy) == 12


def test_of_a_cancelled_send_it_is_for_those_who_got_it(
    organization: Organization, draft: Campaign, crowd: list[Contact], marketer: User
) -> None:
    with tenant_scope(organization):
        sent_to(draft, marketer)
        campaign = fresh(draft)
        first = Delivery.objects.filter(mailing=campaign.mailing).order_by("id").first()
        evidence._move(first, DeliveryState.DELIVERED, code="250", reason="")
        launches.cancel(campaign=campaign, actor=marketer)
        while launches.clear_away(mailing=fresh(campaign).mailing):
            pass
        assert mailings.ledger.has_open(fresh(campaign).mailing) is False
        made = follow(fresh(campaign), marketer)
        assert sent_to(made, marketer) == [first.contact_id]
