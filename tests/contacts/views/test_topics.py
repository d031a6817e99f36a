"""Topics as members use them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts.models import Contact, Subscription, Topic
from contacts.queries import topics


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


def test_a_topic_is_made_edited_archived_and_brought_back(as_marketer, organization):
    posted = {
        "name": " Monthly  news ",
        "description": "One mail a month",
        "is_public": "on",
        "double_opt_in": "on",
    }
    assert as_marketer.post(url(organization, "topic_new"), posted).status_code == 302
    assert "already" in as_marketer.post(url(organization, "topic_new"), posted).content.decode()
    with tenant_scope(organization):
        topic = Topic.objects.get()
        assert (topic.name, topic.is_public, topic.brand) == ("Monthly news", True, Brand.objects.get())
        assert topic.double_opt_in
    as_marketer.post(url(organization, "topic_edit", topic=topic.public_id), {"name": "News"})
    with tenant_scope(organization):
        topic.refresh_from_db()
        assert (topic.name, topic.description, topic.is_public) == ("News", "", False)
        assert not topic.double_opt_in
    as_marketer.post(url(organization, "topic_archive", topic=topic.public_id))
    assert "No topics yet" in as_marketer.get(url(organization, "topics")).content.decode()
    assert "News" in as_marketer.get(url(organization, "topics") + "?archived=1").content.decode()
    as_marketer.post(url(organization, "topic_restore", topic=topic.public_id))
    assert "News" in as_marketer.get(url(organization, "topics")).content.decode()


@pytest.mark.parametrize(
    ("wanted", "leads"),
    [("/o/x/imports/y/", "/o/x/imports/y/"), ("https://elsewhere.example/", None), ("//elsewhere", None)],
)
def test_whoever_was_sent_here_to_make_a_topic_is_led_back(wanted, leads, as_marketer, organization):
    address = f"{url(organization, 'topic_new')}?next={wanted}"
    assert as_marketer.post(address, {"name": "News"}).url == (leads or url(organization, "topics"))


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, django_assert_num_queries):
    with tenant_scope(organization):
        for i in range(n):
            Topic.objects.create(organization=organization, brand=Brand.objects.get(), name=f"T{i}")
    as_analyst.get(url(organization, "topics"))
    with django_assert_num_queries(14):
        as_analyst.get(url(organization, "topics"))


def test_the_list_counts_who_is_subscribed_who_waits_and_who_left(as_analyst, organization):
    with tenant_scope(organization):
        topic = Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")
        for n, state in enumerate([1, 1, 1, 2, 2, 3]):
            contact = Contact.objects.create(
                organization=organization, address=f"p{n}@x.example", address_key=f"p{n}@x.example", domain="x.example"
            )
            Subscription.objects.create(
                organization=organization, contact=contact, topic=topic, state=state, changed_at=timezone.now()
            )
        (row,) = topics.listed(organization)
    assert (row.subscribed, row.waiting, row.left) == (3, 2, 1)
    page = as_analyst.get(url(organization, "topics")).content.decode()
    assert "Asked to confirm" in page
    assert "At once" in page


@pytest.mark.parametrize(
    ("who", "reads", "writes"),
    [("owner", 200, {200, 302}), ("marketer", 200, {200, 302}), ("analyst", 200, {403}), ("outsider", 404, {404})],
)
def test_who_may_do_what(who, reads, writes, request, organization):
    client = request.getfixturevalue(f"as_{who}")
    with tenant_scope(organization):
        topic = Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")
    assert client.get(url(organization, "topics")).status_code == reads
    for name in ("topic_new", "topic_edit", "topic_archive", "topic_restore"):
        kwargs = {} if name == "topic_new" else {"topic": topic.public_id}
        assert client.post(url(organization, name, **kwargs), {"name": "Other"}).status_code in writes, name
