"""The list of people with search, filters and saved views, as members use it; queries counted."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from accounts.tenancy import tenant_scope
from contacts.enums import SubscriptionState
from contacts.models import ConsentRecord, Contact, SavedView, Segment, Subscription, Suppression, Topic
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
    with django_assert_num_queries(26):
        assert len(names(as_analyst.get(url(organization, "people")))) == n


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
    assert names(as_analyst.get(page, {"topic": "news", "stands": "unsubscribed"})) == ["bob"]
    assert names(as_analyst.get(page, {"state": "suppressed"})) == ["cid"]
    assert names(as_analyst.get(page, {"state": "archived"})) == ["dora"]
    assert names(as_analyst.get(page, {"segment": segment.public_id})) == ["ann"]
    gone = as_analyst.get(page, {"state": "nonsense", "topic": "gone", "after": "x"})
    assert names(gone) == []
    assert "not there any more" in gone.content.decode()
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


@pytest.mark.parametrize("n", [1, 3])
def test_filters_take_the_same_queries_for_any_number(n, as_analyst, organization, topic, django_assert_num_queries):
    for i in range(n):
        person(organization, f"p{i}", topic)
    query = {"q": "example", "topic": "news", "sort": "address"}
    as_analyst.get(url(organization, "people"), query)
    with django_assert_num_queries(26):
        assert len(names(as_analyst.get(url(organization, "people"), query))) == n


def test_sorts_and_counts(as_analyst, organization):
    for name in ("bob", "ann", "cid"):
        person(organization, name)
    page = url(organization, "people")
    assert names(as_analyst.get(page, {"sort": "address"})) == ["ann", "bob", "cid"]
    assert names(as_analyst.get(page, {"sort": "-address"})) == ["cid", "bob", "ann"]
    assert names(as_analyst.get(page, {"sort": "oldest"})) == ["bob", "ann", "cid"]
    assert names(as_analyst.get(page, {"sort": "nonsense"})) == ["cid", "ann", "bob"]
    assert as_analyst.get(page).context["total"] == 3
    assert as_analyst.get(page, {"q": "ann@"}).context["total"] == 1


def test_a_list_that_looks_long_goes_on_by_itself(as_analyst, organization, monkeypatch):
    for name, value in {"FEW": 0, "LOOK": 2, "LOOK_SECONDS": 0, "PAGE": 2}.items():
        monkeypatch.setattr(people, name, value)
    for name in ("ann1", "bob1", "ann2", "bob2", "bob3", "bob4"):
        person(organization, name)
    page = url(organization, "people")
    first = as_analyst.get(page, {"q": "ann"})
    assert names(first) == []
    assert "We looked at 2 people" in first.content.decode()
    query = {"q": "ann", "after": first.context["page"].next, "looked": 2, "part": "rows"}
    second = as_analyst.get(page, query, headers={"HX-Request": "true"})
    shown = second.content.decode()
    assert names(second) == ["ann2"]
    assert "<html" not in shown
    assert "We looked at 4 people" in shown
    assert "<html" in as_analyst.get(page, query).content.decode()
    last = as_analyst.get(
        page,
        {"q": "ann", "after": second.context["page"].next, "looked": 4, "part": "rows"},
        headers={"HX-Request": "true"},
    )
    assert names(last) == ["ann1"]


def test_views_are_kept_for_everybody_renamed_and_deleted(as_marketer, as_analyst, organization):
    person(organization, "ann")
    save = url(organization, "view_save")
    as_marketer.post(f"{save}?q=ann&sort=address&after=99&nonsense=1", {"name": "  All\x00 Anns "})
    with tenant_scope(organization):
        view = SavedView.objects.get()
        assert (view.name, view.query, view.created_by.name) == ("All Anns", "q=ann&sort=address", "Mara")
    shown = as_analyst.get(url(organization, "people") + "?" + view.query)
    assert [one["is_here"] for one in shown.context["views"]] == [True]
    assert "All Anns" in shown.content.decode()
    again = as_marketer.post(f"{save}?q=bob", {"name": "All Anns"}, follow=True)
    assert "There is a view called All Anns already." in again.content.decode()
    for query, name in (("", "Everybody"), ("q=x", "  ")):
        as_marketer.post(f"{save}?{query}", {"name": name})
    with tenant_scope(organization):
        assert SavedView.objects.count() == 1
    as_marketer.post(url(organization, "view_rename", view=view.public_id), {"name": "Anns"})
    gone = as_marketer.post(url(organization, "view_delete", view=view.public_id), follow=True)
    with tenant_scope(organization):
        assert not SavedView.objects.exists()
        verbs = set(AuditEntry.objects.values_list("verb", flat=True))
        assert {"contacts.view_saved", "contacts.view_renamed", "contacts.view_deleted"} <= verbs
    *_, message = gone.context["messages"]
    as_marketer.post(message.extra_tags.removeprefix("undo:"))
    with tenant_scope(organization):
        assert SavedView.objects.get().name == "Anns"


def test_who_may_look_and_who_may_change(as_owner, as_marketer, as_analyst, as_outsider, organization):
    with tenant_scope(organization):
        view = SavedView.objects.create(organization=organization, name="V", query="q=x")
    for client, sees, writes in (
        (as_owner, 200, 302),
        (as_marketer, 200, 302),
        (as_analyst, 200, 403),
        (as_outsider, 404, 404),
    ):
        assert client.get(url(organization, "people")).status_code == sees
        assert client.get(url(organization, "person_new")).status_code == {302: 200}.get(writes, writes)
        assert client.post(url(organization, "view_save") + "?q=x", {"name": "V"}).status_code == writes
        assert client.post(url(organization, "view_rename", view=view.public_id), {"name": "W"}).status_code == writes
        assert client.post(url(organization, "view_delete", view="nothere")).status_code == 404
        shown = client.get(url(organization, "people")).content.decode()
        assert ("data-bulk-bar" in shown) is False  # there is nobody to choose
    person(organization, "ann")
    for client, may in ((as_marketer, True), (as_analyst, False)):
        assert ("data-bulk-bar" in client.get(url(organization, "people")).content.decode()) is may
    assert as_analyst.post(url(organization, "view_delete", view=view.public_id)).status_code == 403
