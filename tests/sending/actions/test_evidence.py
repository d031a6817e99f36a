"""Late evidence moves the ledger's rows, keeps the sums, writes one event, and tells contacts."""

from collections import Counter

import pytest
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Brand, Organization
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import Contact, Subscription, Suppression, Topic
from sending.actions import evidence
from sending.enums import Bucket, DeliveryState, EventKind
from sending.models import Delivery, Engagement, Event, Mailing, Tally
from tests.sending import ledger

pytestmark = pytest.mark.django_db


def parts(mailing: Mailing) -> dict[int, int]:
    """The tallied buckets, without zeros."""
    rows = Tally.objects.filter(mailing_id=mailing.pk, kind__lt=100).values_list("kind").annotate(Sum("n"))
    return {kind: n for kind, n in rows if n}


def events(mailing: Mailing) -> Counter[int]:
    return Counter(Event.objects.filter(mailing_id=mailing.pk).values_list("kind", flat=True))


def counted(mailing: Mailing) -> Counter[int]:
    return Counter(Tally.objects.filter(mailing_id=mailing.pk, kind__gte=100).values_list("kind", flat=True))


def bounce(row: Delivery, *, invalid: bool = True) -> bool:
    return evidence.bounced(
        delivery_id=row.pk,
        code="550 5.1.1",
        text="550 5.1.1 no such person",
        reason="invalid_recipient",
        address_is_invalid=invalid,
        source="mailroom",
    )


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (DeliveryState.DELIVERED, EventKind.LATE_BOUNCE),
        (DeliveryState.IN_DOUBT, EventKind.BOUNCED),
        (DeliveryState.SENDING, EventKind.BOUNCED),
    ],
)
def test_a_bounce_after_the_hand_over(scoped: Organization, state: DeliveryState, kind: EventKind) -> None:
    send = ledger.mailing(scoped)
    row = ledger.delivery(send, state=state, relay_id=1 if state == DeliveryState.SENDING else None)
    assert bounce(row)
    row.refresh_from_db()
    assert (row.state, row.code, row.reason, row.relay_id) == (
        DeliveryState.BOUNCED,
        "550 5.1.1",
        "invalid_recipient",
        None,
    )
    assert parts(send) == {Bucket.BOUNCED: 1}
    assert events(send) == counted(send) == Counter({kind: 1})
    (suppression,) = Suppression.objects.all()
    assert (suppression.reason, suppression.source, suppression.about) == (
        SuppressionReason.INVALID,
        "mailroom",
        f"d{row.pk}",
    )
    assert not bounce(row), "the same report again"
    assert events(send).total() == 1


@pytest.mark.parametrize(
    "state",
    [
        DeliveryState.QUEUED,
        DeliveryState.DEFERRED,
        DeliveryState.SUPPRESSED,
        DeliveryState.CANCELLED,
        DeliveryState.FAILED,
        DeliveryState.EXPIRED,
    ],
)
def test_what_was_not_handed_over_is_not_touched(scoped: Organization, state: DeliveryState) -> None:
    send = ledger.mailing(scoped)
    row = ledger.delivery(send, state=state)
    assert not bounce(row)
    assert not evidence.arrived(delivery_id=row.pk, text="x")
    row.refresh_from_db()
    assert row.state == state
    assert not events(send)
    assert not Suppression.objects.exists()


def test_a_refusal_that_is_not_about_the_address_suppresses_nobody(scoped: Organization) -> None:
    row = ledger.delivery(ledger.mailing(scoped))
    assert bounce(row, invalid=False)
    assert not Suppression.objects.exists()


def test_a_receipt_settles_what_is_unconfirmed(scoped: Organization) -> None:
    send = ledger.mailing(scoped)
    row = ledger.delivery(send, state=DeliveryState.IN_DOUBT)
    assert evidence.arrived(delivery_id=row.pk, text="Their server confirmed it.")
    assert not evidence.arrived(delivery_id=row.pk, text="again")
    assert parts(send) == {Bucket.DELIVERED: 1}
    assert events(send) == counted(send) == Counter({EventKind.DELIVERED: 1})


def test_a_complaint_stops_marketing_mail_at_once(scoped: Organization) -> None:
    send = ledger.mailing(scoped)
    row = ledger.delivery(send, state=DeliveryState.IN_DOUBT, contact=ledger.contact(scoped))
    assert evidence.complained(delivery_id=row.pk, kind="abuse", agent="Yahoo")
    assert not evidence.complained(delivery_id=row.pk, kind="abuse", agent="Yahoo")
    assert parts(send) == {Bucket.DELIVERED: 1}, "whoever complains has got it"
    assert events(send) == counted(send) == Counter({EventKind.DELIVERED: 1, EventKind.COMPLAINED: 1})
    assert Engagement.objects.get(pk=row.pk).complained_at is not None
    (suppression,) = Suppression.objects.all()
    assert (suppression.reason, suppression.marketing_only, suppression.source) == (
        SuppressionReason.COMPLAINED,
        True,
        "complaint",
    )


def subscribed(organization: Organization) -> tuple[Contact, Topic]:
    contact = ledger.contact(organization)
    topic = Topic.objects.create(
        organization=organization, brand=Brand.objects.get(organization=organization), name="Weekly"
    )
    Subscription.objects.create(
        organization=organization,
        contact=contact,
        topic=topic,
        state=SubscriptionState.SUBSCRIBED,
        changed_at=timezone.now(),
    )
    return contact, topic


def leave(contact: Contact, about: str) -> bool:
    return evidence.opted_out(contact_id=contact.pk, about=about, source=ConsentSource.MAILTO, wording="By mail")


def test_a_mail_to_the_opt_out_address_leaves_the_topic_of_that_message(scoped: Organization) -> None:
    contact, topic = subscribed(scoped)
    send = ledger.mailing(scoped, topic_id=topic.pk)
    row = ledger.delivery(send, contact=contact)
    assert leave(contact, f"d{row.pk}")
    assert not leave(contact, f"d{row.pk}")
    assert Subscription.objects.get(contact=contact).state == SubscriptionState.UNSUBSCRIBED
    assert not Suppression.objects.exists()
    assert events(send) == counted(send) == Counter({EventKind.UNSUBSCRIBED: 1})


def test_without_a_message_it_leaves_everything(scoped: Organization) -> None:
    contact, _ = subscribed(scoped)
    assert leave(contact, "")
    assert Suppression.objects.get().reason == SuppressionReason.UNSUBSCRIBED


def test_a_token_of_one_person_says_nothing_of_anothers_message(scoped: Organization) -> None:
    contact, topic = subscribed(scoped)
    other = ledger.delivery(ledger.mailing(scoped, topic_id=topic.pk), contact=ledger.contact(scoped, "else@x.example"))
    assert leave(contact, f"d{other.pk}")
    assert not events(ledger.Mailing.objects.get(pk=other.mailing_id))
    assert Suppression.objects.get().address_key == contact.address_key


def test_strangers_change_nothing(scoped: Organization) -> None:
    assert not evidence.arrived(delivery_id=987654, text="x")
    assert not evidence.complained(delivery_id=987654, kind="abuse", agent="")
    assert not evidence.opted_out(contact_id=987654, about="", source=ConsentSource.MAILTO, wording="")
