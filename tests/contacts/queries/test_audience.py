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
    counted = audience.counted(audience.select(organization=scoped, topic=topic))
    assert (counted.people, counted.skipped, counted.sendable) == (2, 1, 1)


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
    words = "People who are subscribed to News, of them people whose First name is “ANN” and who are subscribed to News"
    assert audience.in_words(organization=scoped, topic=topic, segment=segment).startswith(words)


def named(organization, name, *rules, match="all"):
    return Segment.objects.create(
        organization=organization, name=name, definition={"match": match, "rules": list(rules)}
    )


def test_an_excluded_segment_takes_people_out(scoped, topic):
    subscriber(topic, "ann", values={"first_name": "Ann"})
    subscriber(topic, "bob", values={"first_name": "Bob"})
    subscriber(topic, "cid")
    anns = named(scoped, "Anns", {"about": "field:first_name", "op": "is", "value": "Ann"})
    with_names = named(scoped, "With names", {"about": "field:first_name", "op": "not_empty"})
    everybody = named(scoped, "All")

    def found(segment=None, excluded=None):
        counted = audience.counted(
            audience.select(organization=scoped, topic=topic, segment=segment, excluded=excluded)
        )
        people = rows(audience.select(organization=scoped, topic=topic, segment=segment, excluded=excluded))
        assert counted.people == len(people)
        return set(people)

    assert found(excluded=anns) == {"bob", "cid"}
    assert found(with_names, anns) == {"bob"}
    assert found(anns, anns) == set()
    assert found(everybody) == {"ann", "bob", "cid"}
    assert found(everybody, everybody) == set()
    assert found(with_names, everybody) == set()
    said = audience.in_words(organization=scoped, topic=topic, segment=with_names, excluded=anns)
    assert said == (
        "People who are subscribed to News, of them people whose First name is not empty, "
        "without people whose First name is “Ann”"
    )


def test_segments_on_both_sides_may_contain_others_and_ask_the_same(scoped, topic):
    subscriber(topic, "ann", values={"first_name": "Ann"})
    subscriber(topic, "bob")
    anns = named(scoped, "Anns", {"about": "field:first_name", "op": "is", "value": "Ann"})
    others = named(scoped, "Not Anns", {"about": "segment", "op": "not_in", "value": anns.public_id})
    in_topic = {"about": "topic", "op": "subscribed", "value": topic.public_id}
    here, gone = named(scoped, "Here", in_topic), named(scoped, "Gone", in_topic, match="none")
    assert rows(audience.select(organization=scoped, topic=topic, segment=others)) == {"bob": None}
    assert rows(audience.select(organization=scoped, topic=topic, segment=here, excluded=others)) == {"ann": None}
    assert len(rows(audience.select(organization=scoped, topic=topic, segment=here, excluded=gone))) == 2


def test_a_segment_that_cannot_be_understood_stops_the_send(scoped, topic):
    segment = Segment(definition={"match": "all", "rules": [{"about": "field:gone", "op": "is", "value": "x"}]})
    segment.name = "Old"
    for given in ({"segment": segment}, {"excluded": segment}):
        with pytest.raises(BadDefinition, match="The segment “Old” cannot be understood any more: There is no field"):
            audience.select(organization=scoped, topic=topic, **given)


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
