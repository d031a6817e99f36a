"""The audience of a send: who is in it, who of them is skipped and why, and that nobody else's people ever are."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts.actions import suppressions
from contacts.enums import SubscriptionState, SuppressionReason
from contacts.models import Contact, Segment, Subscription, Topic
from contacts.queries import audience
from contacts.segments.tree import BadDefinition


def topic_of(organization, name="News"):
    return Topic.objects.create(organization=organization, brand=Brand.objects.get(), name=name)


def subscriber(topic, name, state=SubscriptionState.SUBSCRIBED, **facts):
    contact = Contact.objects.create(
        organization_id=topic.organization_id,
        address=f"{name}@example.org",
        address_key=f"{name}@example.org",
        domain="example.org",
        **facts,
    )
    Subscription.objects.create(
        organization_id=topic.organization_id, contact=contact, topic=topic, state=state, changed_at=timezone.now()
    )
    return contact


def rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        assert [column.name for column in cursor.description] == ["contact_id", "address", "domain", "reason"]
        return {address.partition("@")[0]: reason for _, address, _, reason in cursor.fetchall()}


@pytest.fixture
def topic(scoped):
    return topic_of(scoped)


def test_subscribers_are_in_it_and_the_skipped_have_their_reason(scoped, topic):
    subscriber(topic, "ann")
    subscriber(topic, "left", SubscriptionState.UNSUBSCRIBED)
    subscriber(topic, "pending", SubscriptionState.PENDING)
    subscriber(topic, "archived", archived_at=timezone.now())
    subscriber(topic, "erased", erased_at=timezone.now())
    subscriber(topic_of(scoped, "Other"), "elsewhere")
    bad = subscriber(topic, "bad")
    suppressions.suppress(
        organization=scoped, address=bad.address, reason=SuppressionReason.COMPLAINED, source="mailroom"
    )
    suppressions.suppress(organization=scoped, address=bad.address, reason=SuppressionReason.INVALID, source="relay")
    assert rows(audience.select(organization=scoped, topic=topic)) == {"ann": None, "bad": "invalid"}
    counted = audience.count(organization=scoped, topic=topic)
    assert (counted.people, counted.skipped, counted.sendable) == (2, 1, 1)
    assert [person.address for person in audience.sample(organization=scoped, topic=topic)] == ["ann@example.org"]


def test_a_lifted_entry_skips_nobody(scoped, topic, owner):
    from contacts.models import Suppression

    ann = subscriber(topic, "ann")
    suppressions.suppress(organization=scoped, address=ann.address, reason=SuppressionReason.INVALID, source="relay")
    suppressions.lift(suppression=Suppression.objects.get(), actor=owner, why="mended")
    assert rows(audience.select(organization=scoped, topic=topic)) == {"ann": None}


def test_a_segment_narrows_it(scoped, topic):
    subscriber(topic, "ann", values={"first_name": "Ann"})
    subscriber(topic, "bob")
    segment = Segment.objects.create(
        organization=scoped,
        name="Anns",
        definition={
            "match": "all",
            "rules": [
                {"about": "field:first_name", "op": "is", "value": "ANN"},
                {"about": "topic", "op": "subscribed", "value": topic.public_id},
                {"about": "created", "op": "within", "value": 1},
            ],
        },
    )
    assert rows(audience.select(organization=scoped, topic=topic, segment=segment)) == {"ann": None}
    assert audience.people_of(scoped, segment.definition)[0] == 1
    assert audience.people_of(scoped, {"match": "all", "rules": []})[0] == 2


def test_a_segment_that_cannot_be_understood_stops_the_send(scoped, topic):
    segment = Segment(definition={"match": "all", "rules": [{"about": "field:gone", "op": "is", "value": "x"}]})
    with pytest.raises(BadDefinition):
        audience.select(organization=scoped, topic=topic, segment=segment)


def test_another_organizations_people_are_never_in_it(organization, other_organization):
    with tenant_scope(organization):
        topic = topic_of(organization)
        subscriber(topic, "ann")
    with tenant_scope(other_organization):
        assert rows(audience.select(organization=organization, topic=topic)) == {}, "row-level security hides them"
        theirs = topic_of(other_organization)
        subscriber(theirs, "ann")
        suppressions.suppress(
            organization=other_organization, address="ann@example.org", reason=SuppressionReason.INVALID, source="relay"
        )
    with tenant_scope(organization):
        assert rows(audience.select(organization=organization, topic=topic)) == {"ann": None}
