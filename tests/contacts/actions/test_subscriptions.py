"""Subscribing and leaving: the state, the proof, and what is never lifted."""

from datetime import UTC, datetime

import pytest

from accounts.models import Brand
from contacts.actions import subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Contact, Subscription, Suppression, Topic

PAGE = Statement(ConsentSource.PAGE, "Stop.", ip="192.0.2.1", user_agent="x" * 400, about="d7")


@pytest.fixture
def topics(scoped):
    brand = Brand.objects.get()
    return [Topic.objects.create(organization=scoped, brand=brand, name=name) for name in ("News", "Offers", "Walks")]


@pytest.fixture
def contact(scoped):
    return Contact.objects.create(
        organization=scoped, address="ann@example.org", address_key="ann@example.org", domain="example.org"
    )


def states(contact):
    return dict(Subscription.objects.filter(contact=contact).values_list("topic__name", "state"))


def deeds(contact):
    rows = ConsentRecord.objects.filter(contact=contact).order_by("pk")
    return [(row.action, row.topic.name if row.topic else None) for row in rows]


def test_subscribing_keeps_the_proof_once(contact, topics):
    said = datetime(2026, 5, 1, tzinfo=UTC)
    statement = Statement(ConsentSource.FORM, "Yes", ip="192.0.2.1", user_agent="x" * 400, about="form 3", at=said)
    assert subscriptions.subscribe(contact=contact, topic=topics[0], statement=statement)
    assert not subscriptions.subscribe(contact=contact, topic=topics[0], statement=statement)
    record = ConsentRecord.objects.get()
    assert (record.action, record.source, record.wording, record.ip, record.about, record.at) == (
        "subscribed",
        "form",
        "Yes",
        "192.0.2.1",
        "form 3",
        said,
    )
    assert len(record.user_agent) == 300


def test_leaving_one_topic_leaves_the_others(contact, topics):
    for topic in topics[:2]:
        subscriptions.subscribe(contact=contact, topic=topic, statement=PAGE)
    assert subscriptions.unsubscribe(contact=contact, topic=topics[0], statement=PAGE)
    assert not subscriptions.unsubscribe(contact=contact, topic=topics[0], statement=PAGE)
    assert states(contact) == {"News": SubscriptionState.UNSUBSCRIBED, "Offers": SubscriptionState.SUBSCRIBED}
    assert not Suppression.objects.exists()


def test_a_no_to_a_topic_that_one_never_had_is_kept(contact, topics):
    assert subscriptions.unsubscribe(contact=contact, topic=topics[2], statement=PAGE)
    assert states(contact) == {"Walks": SubscriptionState.UNSUBSCRIBED}


def test_leaving_everything_and_coming_back(contact, topics):
    for topic in topics[:2]:
        subscriptions.subscribe(contact=contact, topic=topic, statement=PAGE)
    subscriptions.unsubscribe(contact=contact, topic=topics[1], statement=PAGE)
    assert subscriptions.unsubscribe_all(contact=contact, statement=PAGE)
    assert not subscriptions.unsubscribe_all(contact=contact, statement=PAGE)
    assert set(states(contact).values()) == {SubscriptionState.UNSUBSCRIBED}
    standing = Suppression.objects.get()
    assert (standing.reason, standing.marketing_only, standing.lifted_at) == ("unsubscribed", True, None)

    assert subscriptions.resubscribe(contact=contact, topic=None, statement=PAGE)
    assert states(contact) == {"News": SubscriptionState.SUBSCRIBED, "Offers": SubscriptionState.UNSUBSCRIBED}
    assert Suppression.objects.get().lifted_at is not None
    assert deeds(contact)[-2:] == [("resubscribed", None), ("resubscribed", "News")]
    assert not subscriptions.resubscribe(contact=contact, topic=None, statement=PAGE)


def test_coming_back_to_one_topic(contact, topics):
    subscriptions.subscribe(contact=contact, topic=topics[0], statement=PAGE)
    subscriptions.unsubscribe_all(contact=contact, statement=PAGE)
    assert subscriptions.resubscribe(contact=contact, topic=topics[1], statement=PAGE)
    assert states(contact) == {"News": SubscriptionState.UNSUBSCRIBED, "Offers": SubscriptionState.SUBSCRIBED}


def test_subscribing_lifts_nothing_and_coming_back_lifts_only_ones_own_no(contact, topics, scoped):
    for reason in (SuppressionReason.COMPLAINED, SuppressionReason.INVALID, SuppressionReason.UNSUBSCRIBED):
        suppressions.suppress(organization=scoped, address=contact.address, reason=reason, source="x")
    subscriptions.subscribe(contact=contact, topic=topics[0], statement=PAGE)
    assert Suppression.objects.filter(lifted_at=None).count() == 3
    subscriptions.resubscribe(contact=contact, topic=topics[0], statement=PAGE)
    assert set(Suppression.objects.filter(lifted_at=None).values_list("reason", flat=True)) == {"complained", "invalid"}


def test_coming_back_to_one_topic_wakes_nothing_that_slept_beside_the_no(contact, topics):
    """An import or a merge puts a "no" beside a subscription: that is no wish for it."""
    suppressions.suppress(
        organization=contact.organization,
        address=contact.address_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        source="import",
    )
    for topic in topics[:2]:
        subscriptions.subscribe(contact=contact, topic=topic, statement=PAGE)
    assert subscriptions.resubscribe(contact=contact, topic=topics[2], statement=PAGE)
    assert states(contact) == {
        "News": SubscriptionState.UNSUBSCRIBED,
        "Offers": SubscriptionState.UNSUBSCRIBED,
        "Walks": SubscriptionState.SUBSCRIBED,
    }
    assert deeds(contact)[2:] == [("unsubscribed", "News"), ("unsubscribed", "Offers"), ("resubscribed", "Walks")]


def test_confirming_one_topic_wakes_nothing_either(contact, topics):
    subscriptions.subscribe(contact=contact, topic=topics[0], statement=PAGE)
    suppressions.suppress(
        organization=contact.organization,
        address=contact.address_key,
        reason=SuppressionReason.UNSUBSCRIBED,
        source="import",
    )
    assert subscriptions.confirm(contact=contact, topics=[topics[1]], statement=PAGE) == [topics[1]]
    assert states(contact) == {"News": SubscriptionState.UNSUBSCRIBED, "Offers": SubscriptionState.SUBSCRIBED}
    assert not subscriptions.resubscribe(contact=contact, topic=topics[1], statement=PAGE), "and nothing more"
