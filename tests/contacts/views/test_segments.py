"""The builder: its buttons, its live count, saving, and what it says of unfinished conditions."""

import json

import pytest
from django.urls import reverse

from accounts.tenancy import tenant_scope
from contacts.models import Contact, Segment


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def people(organization):
    with tenant_scope(organization):
        for name, city in (("ann", "Oslo"), ("bob", "Rome"), ("cid", "Oslo")):
            Contact.objects.create(
                organization=organization,
                address=f"{name}@example.org",
                address_key=f"{name}@example.org",
                domain="example.org",
                values={"first_name": city},
            )


OSLO = {"r.match": "all", "r.0.about": "field:first_name", "r.0.op": "is", "r.0.value": "Oslo"}


def test_conditions_and_groups_are_added_and_removed(as_marketer, organization):
    post = as_marketer.post
    builder = url(organization, "segment_builder")
    assert "r.0.about" in post(builder, {"r.match": "all", "do": "add:"}).content.decode()
    assert "r.1.0.about" in post(builder, OSLO | {"do": "group:"}).content.decode()
    html = post(builder, OSLO | {"r.1.match": "any", "r.1.0.about": "created", "do": "add:1"}).content.decode()
    assert "r.1.1.about" in html
    html = post(builder, OSLO | {"r.1.about": "created", "do": "remove:0"}).content.decode()
    assert 'value="created" selected' in html
    assert "r.1.about" not in html
    for nonsense in ("remove:", "remove:9", "add:0.0.0", "add:0", "fly:1", "remove:0.0"):
        assert "r.0.about" in post(builder, OSLO | {"do": nonsense}).content.decode()


def test_without_javascript_the_page_itself_grows(as_marketer, organization):
    response = as_marketer.post(url(organization, "segment_new"), OSLO | {"name": "My name", "do": "add:"})
    html = response.content.decode()
    assert "r.1.about" in html
    assert "My name" in html
    with tenant_scope(organization):
        assert not Segment.objects.exists()


def test_the_count_follows(as_analyst, organization, people):
    count = url(organization, "segment_count")
    response = as_analyst.post(count, OSLO)
    assert response.context["found"].people == 2
    assert [person.address for person in response.context["found"].sample] == ["cid@example.org", "ann@example.org"]
    assert "people whose First name is “Oslo”" in response.content.decode()
    assert "everybody" in as_analyst.post(count, {}).content.decode()
    assert "Write what to compare with." in as_analyst.post(count, OSLO | {"r.0.value": " "}).content.decode()


def test_a_segment_is_saved_and_edited(as_marketer, organization, people):
    response = as_marketer.post(url(organization, "segment_new"), OSLO | {"name": "  In  Oslo ", "do": "save"})
    assert response.status_code == 302
    with tenant_scope(organization):
        segment = Segment.objects.get()
        assert (segment.name, segment.version) == ("In Oslo", 1)
        assert segment.definition == {
            "match": "all",
            "rules": [{"about": "field:first_name", "op": "is", "value": "Oslo"}],
        }
    edit = url(organization, "segment_edit", segment=segment.public_id)
    assert "Oslo" in as_marketer.get(edit).content.decode()
    posted = OSLO | {"r.0.op": "one_of", "r.0.value": "Oslo, Rome", "name": "Both", "do": "save"}
    as_marketer.post(edit, posted)
    with tenant_scope(organization):
        segment.refresh_from_db()
        assert (segment.name, segment.version) == ("Both", 2)
        assert segment.definition["rules"][0]["value"] == ["Oslo", "Rome"]
    assert "is one of" in as_marketer.get(url(organization, "segments")).content.decode()


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        (OSLO | {"name": " "}, "Give it a name"),
        (OSLO | {"name": "x" * 121}, "Give it a name"),
        (OSLO | {"name": "Taken"}, "already"),
        (OSLO | {"name": "x", "r.0.value": ""}, "Write what to compare with."),
        (OSLO | {"name": "x", "r.0.about": "field:gone"}, "no field"),
        ({"name": "x", "r.match": "all", "r.0.match": "any"}, "This group is empty"),
    ],
)
def test_what_cannot_be_saved_is_said_in_its_place_and_kept(as_marketer, organization, posted, words):
    with tenant_scope(organization):
        Segment.objects.create(organization=organization, name="Taken", definition={"match": "all", "rules": []})
    response = as_marketer.post(url(organization, "segment_new"), posted | {"do": "save"})
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_hostile_form_makes_no_crash(as_marketer, organization):
    posted = {f"r{'.0' * depth}.match": "all" for depth in range(40)}
    posted |= {
        "r.999.about": "x" * 5000,
        "r.1.2.3.4.5.6.value": "y",
        "r.about": "z",
        "r.0.1.op": "is",
        "do": "add:" + "0." * 50,
    }
    assert as_marketer.post(url(organization, "segment_builder"), posted).status_code == 200
    assert as_marketer.post(url(organization, "segment_count"), posted).status_code == 200


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, django_assert_num_queries):
    with tenant_scope(organization):
        for i in range(n):
            Segment.objects.create(organization=organization, name=f"S{i}", definition={"match": "all", "rules": []})
    as_analyst.get(url(organization, "segments"))
    with django_assert_num_queries(12):
        as_analyst.get(url(organization, "segments"))


def test_archive_and_back(as_marketer, organization):
    with tenant_scope(organization):
        segment = Segment.objects.create(
            organization=organization, name="Old", definition={"match": "all", "rules": []}
        )
    as_marketer.post(url(organization, "segment_archive", segment=segment.public_id))
    assert "Old" in as_marketer.get(url(organization, "segments") + "?archived=1").content.decode()
    with tenant_scope(organization):
        Segment.objects.create(organization=organization, name="Old", definition={"match": "all", "rules": []})
    response = as_marketer.post(url(organization, "segment_restore", segment=segment.public_id), follow=True)
    assert "another segment called Old" in response.content.decode()


def test_the_schema_is_published(as_analyst, organization):
    response = as_analyst.get(url(organization, "segment_schema"))
    assert json.loads(response.content)["title"] == "Segment"
