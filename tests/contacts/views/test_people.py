"""The list of people and one person's page, as members use them; queries counted."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from accounts.tenancy import tenant_scope
from contacts.enums import SubscriptionState
from contacts.models import ConsentRecord, Contact, Segment, Subscription, Suppression, Topic
from contacts.queries import people


@pytest.fixture
def topic(organization):
    with tenant_scope(organization):
        return Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News", public_id="news")


def person(organization, name="ann", topic=None, **facts):
    with tenant_scope(organization):
        contact = Contact.objects.create(
            organization=organization,
            address=f"{name}@example.org",
            address_key=f"{name}@example.org",
            domain="example.org",
            **facts,
        )
        if topic is not None:
            Subscription.objects.create(
                organization=organization,
                contact=contact,
                topic=topic,
                state=SubscriptionState.SUBSCRIBED,
                changed_at=timezone.now(),
            )
    return contact


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


def names(response):
    return [row.contact.address.partition("@")[0] for row in response.context["page"].rows]


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, topic, django_assert_num_queries):
    for i in range(n):
        person(organization, f"p{i}", topic)
    as_analyst.get(url(organization, "people"))
    with django_assert_num_queries(18):
        assert len(names(as_analyst.get(url(organization, "people")))) == n


@pytest.mark.parametrize("n", [1, 3])
def test_a_person_takes_the_same_queries_for_any_history(n, as_analyst, organization, topic, django_assert_num_queries):
    contact = person(organization, topic=topic)
    with tenant_scope(organization):
        for i in range(n):
            ConsentRecord.objects.create(
                organization=organization,
                contact=contact,
                topic=topic,
                action="subscribed",
                at=timezone.now(),
                source="form",
            )
            Suppression.objects.create(
                organization=organization,
                address_key=contact.address_key,
                reason=["manual", "bounced", "invalid"][i],
                source="x",
            )
    as_analyst.get(url(organization, "person", contact=contact.pk))
    with django_assert_num_queries(17):
        as_analyst.get(url(organization, "person", contact=contact.pk))


def test_search_finds_parts_of_addresses_and_names(as_analyst, organization, other_organization):
    person(organization, "ann.lee", values={"first_name": "Zoë", "last_name": "Müller"})
    person(organization, "bob", values={"first_name": "Bob_%"})
    person(other_organization, "ann.other")
    for text, found in {
        "an": ["ann.lee"],
        "n.l": ["ann.lee"],
        "MÜLL": ["ann.lee"],
        "zoë mül": ["ann.lee"],
        "example": ["bob", "ann.lee"],
        "b_%": ["bob"],
        "%": [],
        "xyz": [],
        "lee": ["ann.lee"],
        "ee": [],
        "\x00": [],
        "'; --": [],
    }.items():
        response = as_analyst.get(url(organization, "people"), {"q": text})
        if text != "\x00":
            assert names(response) == found, text
        assert response.status_code == 200


def test_filters_by_topic_segment_and_state(as_analyst, organization, topic):
    ann = person(organization, "ann", topic, values={"city": "Oslo"})
    bob = person(organization, "bob", topic)
    cid = person(organization, "cid")
    person(organization, "dora", archived_at=timezone.now())
    with tenant_scope(organization):
        Subscription.objects.filter(contact=bob).update(state=SubscriptionState.UNSUBSCRIBED)
        Suppression.objects.create(
            organization=organization, address_key=cid.address_key, reason="invalid", source="relay"
        )
        segment = Segment.objects.create(
            organization=organization,
            name="Short",
            definition={"match": "any", "rules": [{"about": "address", "op": "starts", "value": "a"}]},
        )
        broken = Segment.objects.create(
            organization=organization,
            name="Broken",
            definition={"match": "any", "rules": [{"about": "field:gone", "op": "is", "value": "a"}]},
        )
    page = url(organization, "people")
    assert names(as_analyst.get(page)) == ["cid", "bob", "ann"]
    assert names(as_analyst.get(page, {"topic": "news"})) == ["ann"]
    assert names(as_analyst.get(page, {"topic": "news", "state": "unsubscribed"})) == ["bob"]
    assert names(as_analyst.get(page, {"state": "suppressed"})) == ["cid"]
    assert names(as_analyst.get(page, {"state": "archived"})) == ["dora"]
    assert names(as_analyst.get(page, {"segment": segment.public_id})) == ["ann"]
    assert names(as_analyst.get(page, {"state": "nonsense", "topic": "gone", "after": "x"})) == ["cid", "bob", "ann"]
    assert "no field" in as_analyst.get(page, {"segment": broken.public_id}).content.decode()
    assert ann.address in as_analyst.get(url(organization, "person", contact=ann.pk)).content.decode()


def test_pages_go_to_and_fro(as_analyst, organization, monkeypatch):
    monkeypatch.setattr(people, "PAGE", 2)
    for i in range(5):
        person(organization, f"p{i}")
    page = url(organization, "people")
    first = as_analyst.get(page)
    assert names(first) == ["p4", "p3"]
    assert first.context["page"].previous is None
    second = as_analyst.get(page, {"after": first.context["page"].next})
    assert names(second) == ["p2", "p1"]
    third = as_analyst.get(page, {"after": second.context["page"].next})
    assert (names(third), third.context["page"].next) == (["p0"], None)
    back = as_analyst.get(page, {"before": third.context["page"].previous})
    assert names(back) == ["p2", "p1"]
    again = as_analyst.get(page, {"before": back.context["page"].previous})
    assert (names(again), again.context["page"].previous) == (["p4", "p3"], None)


def test_a_person_is_added_by_hand_with_proof(as_marketer, organization, topic):
    with tenant_scope(organization):
        topic_pk = topic.pk
    posted = {"address": "Ann@Example.org", "v_first_name": "Ann", "locale": "de", "topics": [topic_pk], "proof": ""}
    response = as_marketer.post(url(organization, "person_new"), posted)
    assert "Say how this person agreed" in response.content.decode()
    response = as_marketer.post(url(organization, "person_new"), posted | {"proof": "Asked at the counter"})
    assert response.status_code == 302
    with tenant_scope(organization):
        contact = Contact.objects.get()
        assert (contact.address_key, contact.values, contact.locale) == ("ann@example.org", {"first_name": "Ann"}, "de")
        assert ConsentRecord.objects.get().wording == "Asked at the counter"
        assert AuditEntry.objects.filter(verb="contacts.person_added").exists()
    response = as_marketer.post(url(organization, "person_new"), {"address": "ann@example.org"})
    assert "is there already" in response.content.decode()
    response = as_marketer.post(url(organization, "person_new"), {"address": "ann@"})
    assert "There is nothing after the @." in response.content.decode()


def test_values_are_corrected_and_emptied(as_marketer, organization):
    contact = person(organization, values={"first_name": "Ann", "secret": "kept"}, locale="de")
    response = as_marketer.post(
        url(organization, "person_edit", contact=contact.pk),
        {"v_first_name": "", "v_last_name": "Lee", "locale": "nonsense!"},
    )
    assert "is not a language" in response.content.decode()
    as_marketer.post(
        url(organization, "person_edit", contact=contact.pk), {"v_first_name": "", "v_last_name": "Lee", "locale": ""}
    )
    with tenant_scope(organization):
        contact.refresh_from_db()
        assert (contact.values, contact.locale) == ({"last_name": "Lee", "secret": "kept"}, "")


def test_subscribing_and_unsubscribing_by_hand_needs_a_reason(as_marketer, organization, topic):
    contact = person(organization)
    subscribe = url(organization, "person_subscribe", contact=contact.pk)
    unsubscribe = url(organization, "person_unsubscribe", contact=contact.pk)
    assert as_marketer.post(subscribe, {"topic": "news", "why": ""}).status_code == 422
    assert as_marketer.post(subscribe, {"topic": "", "why": "Called us"}).status_code == 422
    as_marketer.post(subscribe, {"topic": "news", "why": "Called us"})
    with tenant_scope(organization):
        record = ConsentRecord.objects.get()
        assert (record.action, record.wording, record.actor.name) == ("subscribed", "Called us", "Mara")
    as_marketer.post(unsubscribe, {"topic": "", "why": "Wrote us"})
    with tenant_scope(organization):
        assert Subscription.objects.get().state == SubscriptionState.UNSUBSCRIBED
        assert Suppression.objects.get().reason == "unsubscribed"


def test_archive_can_be_undone(as_marketer, organization):
    contact = person(organization)
    as_marketer.post(url(organization, "person_archive", contact=contact.pk))
    assert names(as_marketer.get(url(organization, "people"))) == []
    as_marketer.post(url(organization, "person_restore", contact=contact.pk))
    assert names(as_marketer.get(url(organization, "people"))) == ["ann"]
