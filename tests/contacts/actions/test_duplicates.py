"""Several addresses of one mailbox become one person; what was refused anywhere counts."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, Brand
from contacts import tokens
from contacts.actions import duplicates, people, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import ConsentRecord, Contact, Preference, Subscription, Suppression, Tag, Tagging, Topic
from contacts.queries import merged, personal_data, recipients
from sending.actions import evidence
from tests.sending import ledger

pytestmark = pytest.mark.django_db
FORM = Statement(ConsentSource.FORM, "Yes please")


def person(organization, address, **have):
    return Contact.objects.create(
        organization=organization,
        address=address,
        address_key=address,
        domain=address.rpartition("@")[2],
        values=have,
    )


@pytest.fixture
def pair(scoped):
    return person(scoped, "ann@gmail.com", city="Oslo", phone=""), person(
        scoped, "a.nn+shop@gmail.com", city="Rome", phone="7"
    )


@pytest.fixture
def topics(scoped):
    brand = Brand.objects.get()
    return [Topic.objects.create(organization=scoped, brand=brand, name=name) for name in ("A", "B", "C")]


def test_what_is_known_of_the_one_who_stays_counts(scoped, owner, pair):
    keep, extra = pair
    tag = Tag.objects.create(organization=scoped, name="VIP")
    Tagging.objects.create(organization=scoped, tag=tag, contact=extra)
    duplicates.merge(keep=keep, extra=extra, actor=owner)
    keep.refresh_from_db()
    extra.refresh_from_db()
    assert keep.values == {"city": "Oslo", "phone": "7"}
    assert extra.archived_at and not keep.archived_at
    assert Tagging.objects.get(contact=keep).tag == tag
    assert AuditEntry.objects.get(verb="contacts.people_merged").data["from"] == extra.pk
    with pytest.raises(NotThisWay, match="not there any more"):
        duplicates.merge(keep=keep, extra=extra, actor=owner)


def test_the_stricter_standing_and_every_refusal_win(scoped, owner, pair, topics):
    keep, extra = pair
    a, b, c = topics
    for topic in (a, b):
        subscriptions.subscribe(contact=keep, topic=topic, statement=FORM)
    for topic in (a, c):
        subscriptions.subscribe(contact=extra, topic=topic, statement=FORM)
    subscriptions.unsubscribe(contact=extra, topic=a, statement=Statement(ConsentSource.ONE_CLICK))
    suppressions.suppress(
        organization=scoped, address=extra.address_key, reason=SuppressionReason.COMPLAINED, source="complaint"
    )
    Preference.objects.create(
        organization=scoped, contact=extra, cap="monthly", paused_until=timezone.now() + timedelta(days=9)
    )
    Preference.objects.create(organization=scoped, contact=keep, cap="weekly")
    proofs = ConsentRecord.objects.count()
    duplicates.merge(keep=keep, extra=extra, actor=owner)
    stands = dict(Subscription.objects.filter(contact=keep).values_list("topic__name", "state"))
    assert stands == {
        "A": SubscriptionState.UNSUBSCRIBED,
        "B": SubscriptionState.SUBSCRIBED,
        "C": SubscriptionState.SUBSCRIBED,
    }
    assert Suppression.objects.get(address_key=keep.address_key).marketing_only
    mine = Preference.objects.get(contact=keep)
    assert mine.cap == "monthly" and mine.paused_until
    # The proof of the other is copied, and the ledger itself is as it was.
    assert ConsentRecord.objects.count() == proofs + 3
    assert ConsentRecord.objects.filter(contact=keep, topic=c, wording="Yes please").exists()


STATES = st.sampled_from([None, *SubscriptionState])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(standings=st.lists(st.tuples(STATES, STATES), min_size=3, max_size=3))
def test_nobody_is_ever_subscribed_by_a_merge_who_had_left(scoped, topics, standings):
    from django.db import transaction

    with transaction.atomic():
        keep, extra = person(scoped, "bob@gmail.com"), person(scoped, "b.ob@gmail.com")
        for topic, pair in zip(topics, standings, strict=True):
            for contact, state in zip((keep, extra), pair, strict=True):
                if state is not None:
                    Subscription.objects.create(
                        organization=scoped, contact=contact, topic=topic, state=state, changed_at=timezone.now()
                    )
        duplicates.merge(keep=keep, extra=extra, actor=None)
        after = dict(Subscription.objects.filter(contact=keep).values_list("topic_id", "state"))
        for topic, pair in zip(topics, standings, strict=True):
            known = [state for state in pair if state is not None]
            assert after.get(topic.pk) == (max(known, key=duplicates.STRICTNESS.__getitem__) if known else None)
        transaction.set_rollback(True)


def test_two_mailboxes_are_never_merged(scoped):
    with pytest.raises(NotThisWay, match="not one mailbox"):
        duplicates.merge(keep=person(scoped, "a@x.example"), extra=person(scoped, "b@x.example"), actor=None)


def test_the_links_in_mail_to_the_other_address_speak_for_the_one_who_stays(scoped, owner, pair, topics):
    keep, extra = pair
    for one in pair:
        subscriptions.subscribe(contact=one, topic=topics[0], statement=FORM)
    third = person(scoped, "an.n+more@gmail.com")
    duplicates.merge(keep=extra, extra=third, actor=owner)
    duplicates.merge(keep=keep, extra=extra, actor=owner)
    for one in (extra, third):
        token = tokens.Token(scoped.pk, one.pk, "")
        assert recipients.recipient(token=token).contact == keep
        assert merged.one_who_stays(one.pk) == keep
    assert evidence.opted_out(contact_id=third.pk, about="", source=ConsentSource.MAILTO, wording="stop")
    assert Subscription.objects.get(contact=keep, topic=topics[0]).state == SubscriptionState.UNSUBSCRIBED
    assert merged.all_of(third) == sorted(one.pk for one in (keep, extra, third))


def test_a_spam_report_about_the_other_address_stops_the_one_who_stays(scoped, owner, pair):
    keep, extra = pair
    delivery = ledger.delivery(ledger.mailing(scoped, audience_size=1), contact=extra)
    duplicates.merge(keep=keep, extra=extra, actor=owner)
    assert evidence.complained(delivery_id=delivery.pk, kind="abuse", agent="theirs")
    assert set(Suppression.objects.values_list("address_key", "reason")) == {
        (keep.address_key, "complained"),
        (extra.address_key, "complained"),
    }


def test_whoever_is_brought_back_is_themselves_again(scoped, owner, pair):
    keep, extra = pair
    duplicates.merge(keep=keep, extra=extra, actor=owner)
    people.restore(contact=extra, actor=owner)
    assert recipients.recipient(token=tokens.Token(scoped.pk, extra.pk, "")).contact == extra


def test_who_asks_for_their_data_gets_that_of_the_other_entry_too(scoped, owner, pair):
    keep, extra = pair
    duplicates.merge(keep=keep, extra=extra, actor=owner)
    keep.refresh_from_db()
    held = personal_data.held(keep)
    assert held["person"]["address"] == keep.address
    assert [other["person"]["address"] for other in held["other_entries"]] == [extra.address]
