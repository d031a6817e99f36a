"""The fields' pages as members use them, from making one to converting it."""

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.tenancy import tenant_scope
from campaigns.queries import content
from contacts.actions import fields as verbs
from contacts.actions import segments
from contacts.models import Contact, Field, Job
from contacts.queries import audience
from contacts.queries import fields as known_fields
from tests.cast import logged_in


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def city(organization):
    with tenant_scope(organization):
        return verbs.create(organization=organization, label="City", kind="text", actor=None)


def people(organization, key, *kept):
    with tenant_scope(organization):
        for n, value in enumerate(kept):
            address = f"{key}{n}@example.org"
            facts = {"address": address, "address_key": address, "domain": "example.org"}
            Contact.objects.create(organization=organization, values={key: value}, **facts)


def have(organization, key):
    with tenant_scope(organization):
        return [row.values.get(key) for row in Contact.objects.order_by("pk")]


def test_a_field_is_made_and_named(as_marketer, organization):
    new = url(organization, "field_new")
    posted = {"label": "Drinks", "kind": "multi", "choices": ""}
    assert "at least one choice" in as_marketer.post(new, posted).content.decode()
    assert "which stand between choices" in as_marketer.post(new, posted | {"choices": "a;b"}).content.decode()
    assert as_marketer.post(new, posted | {"choices": "Tea\nCoffee\n\n"}).status_code == 302
    assert "already" in as_marketer.post(new, posted | {"choices": "Tea"}).content.decode()
    with tenant_scope(organization):
        assert Field.objects.get().choices == ["Tea", "Coffee"]
    page = url(organization, "field", field="drinks")
    assert as_marketer.post(page, {"label": "Beverages"}).status_code == 302
    assert "Beverages" in as_marketer.get(page).content.decode()
    assert as_marketer.post(url(organization, "field", field="first_name"), {"label": "Vorname"}).status_code == 302
    listed = as_marketer.get(url(organization, "fields")).content.decode()
    assert "Vorname" in listed and "{{ contact.drinks }}" in listed


def test_the_order_is_changed_by_buttons_and_by_dragging(as_marketer, organization, city):
    order = url(organization, "fields_order")
    as_marketer.post(order, {"up": "city"})
    with tenant_scope(organization):
        assert [f.key for f in known_fields.known(organization)] == ["first_name", "city", "last_name"]
    as_marketer.post(order, {"keys": "last_name,city,first_name"})
    with tenant_scope(organization):
        assert [f.key for f in known_fields.known(organization)] == ["last_name", "city", "first_name"]
    assert as_marketer.post(order, {"up": "nonsense"}).status_code == 404


def test_choices_are_edited(as_marketer, organization):
    with tenant_scope(organization):
        verbs.create(organization=organization, label="Size", kind="choice", choices=["S", "M", "L"], actor=None)
    people(organization, "size", "S", "M", "L")
    page = as_marketer.get(url(organization, "field", field="size"))
    assert [line["people"] for line in page.context["lines"]] == [1, 1, 1]
    change = url(organization, "field_choices", field="size")
    posted = {"was": ["S", "M", "L"], "name_0": "Small", "fate_0": "keep", "name_1": "M", "fate_1": "=L"}
    posted |= {"name_2": "L", "fate_2": "keep", "added": "XL"}
    assert as_marketer.post(change, posted | {"was": ["S"]}).status_code == 422
    assert as_marketer.post(change, posted | {"fate_1": "=nonsense"}).status_code == 422
    assert "2 people" in as_marketer.post(change, posted, follow=True).content.decode()
    assert have(organization, "size") == ["Small", "L", "L"]
    with tenant_scope(organization):
        assert Field.objects.get().choices == ["Small", "L", "XL"]


def test_a_conversion_is_looked_at_and_decided(as_marketer, organization, city):
    people(organization, "city", "12", "many", "<b>x</b>")
    response = as_marketer.post(
        url(organization, "field_convert", field="city"), {"kind": "number", "date_order": "ymd"}
    )
    work = response["Location"]
    page = as_marketer.get(work).content.decode()
    assert "Nothing has changed yet" in page and "“many” is not a number" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page and "<b>x</b>" not in page
    assert have(organization, "city") == ["12", "many", "<b>x</b>"]
    done = as_marketer.post(f"{work}decide/", {"lost": "aside"}, follow=True).content.decode()
    assert "City (not converted)" in done
    assert have(organization, "city") == [12, None, None]
    again = as_marketer.post(f"{work}decide/", {"lost": "drop"}, follow=True).content.decode()
    assert "of that kind already" in again


def test_the_values_that_there_are_become_the_choices(as_marketer, organization, city):
    people(organization, "city", "Oslo", "Rome", "Oslo", "")
    convert = url(organization, "field_convert", field="city")
    work = as_marketer.post(convert, {"kind": "choice", "date_order": "ymd", "choices": ""})["Location"]
    assert "Choices: Oslo, Rome." in as_marketer.get(work).content.decode()
    as_marketer.post(f"{work}decide/", {"lost": "aside"})
    with tenant_scope(organization):
        assert Field.objects.get().choices == ["Oslo", "Rome"]


def test_two_fields_are_merged(as_marketer, organization, city):
    with tenant_scope(organization):
        verbs.create(organization=organization, label="Town", kind="text", actor=None)
    people(organization, "town", "Oslo")
    response = as_marketer.post(url(organization, "field_merge", field="city"), {"other": "town", "wins": "this"})
    work = response["Location"]
    assert "Only Town" in as_marketer.get(work).content.decode()
    as_marketer.post(f"{work}decide/")
    assert have(organization, "city") == ["Oslo"]
    listed = as_marketer.get(url(organization, "fields"), {"archived": "1"}).content.decode()
    assert "Town" in listed


def test_a_large_conversion_waits_for_its_worker(as_marketer, organization, city, monkeypatch):
    monkeypatch.setattr(known_fields, "SMALL", 0)
    people(organization, "city", "12")
    convert = url(organization, "field_convert", field="city")
    work = as_marketer.post(convert, {"kind": "number", "date_order": "ymd"})["Location"]
    page = as_marketer.get(work)
    assert 'hx-trigger="every 1s"' in page.content.decode()
    assert "<html" not in as_marketer.get(work, headers={"HX-Request": "true"}).content.decode()
    as_marketer.post(f"{work}cancel/")
    with tenant_scope(organization):
        assert Job.objects.get().state == "cancelled"
    assert "Cancelled" in as_marketer.get(work).content.decode()


def test_the_page_says_where_a_field_is_used_and_it_goes_on_working(as_marketer, organization, city):
    with tenant_scope(organization):
        rule = {"match": "all", "rules": [{"about": "field:city", "op": "is", "value": "Oslo"}]}
        segments.save(organization=organization, segment=None, name="Norwegians", definition=rule, actor=None)
    page = url(organization, "field", field="city")
    assert "Norwegians" in as_marketer.get(page).content.decode()
    archived = as_marketer.post(url(organization, "field_archive", field="city"), follow=True).content.decode()
    assert "is archived" in archived
    with tenant_scope(organization):
        assert audience.condition(organization, rule).params, "the segment goes on asking about it"
        assert "contact.city" in content.merge_names(organization)
        assert "city" not in {field.key for field in known_fields.known(organization)}
    assert as_marketer.post(url(organization, "field_restore", field="city")).status_code == 302
    with tenant_scope(organization):
        assert Field.objects.get().archived_at is None


def test_who_may_do_what(as_analyst, as_outsider, organization, city):
    pages = [url(organization, "fields"), url(organization, "field", field="city")]
    for page in pages:
        assert as_analyst.get(page).status_code == 200
        assert as_outsider.get(page).status_code == 404
        assert as_analyst.get(url(organization, "field", field="nothing")).status_code == 404
    assert as_analyst.get(url(organization, "field_new")).status_code == 403
    assert as_analyst.post(pages[1], {"label": "X"}).status_code == 403
    assert as_analyst.post(url(organization, "fields_order"), {"up": "city"}).status_code == 403
    for name in ("field_archive", "field_restore", "field_choices", "field_convert", "field_merge"):
        assert as_analyst.post(url(organization, name, field="city"), {"kind": "number"}).status_code == 403
        assert as_outsider.post(url(organization, name, field="city")).status_code == 404


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(n, as_analyst, organization, django_assert_num_queries):
    with tenant_scope(organization):
        for label in "ABC"[:n]:
            verbs.create(organization=organization, label=label, kind="text", actor=None)
    as_analyst.get(url(organization, "fields"))
    with django_assert_num_queries(13):
        as_analyst.get(url(organization, "fields"))


@pytest.mark.django_db(transaction=True)
def test_a_row_is_dragged_to_another_place(live_server, context, organization, marketer):
    with tenant_scope(organization):
        verbs.create(organization=organization, label="City", kind="text", actor=None)
    cookie = logged_in(marketer).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + url(organization, "fields"))
    page.drag_and_drop("[data-key=city] [data-grip]", "[data-key=first_name]", target_position={"x": 200, "y": 3})
    page.wait_for_selector("tbody tr:first-child[data-key=city]")
    page.wait_for_load_state()
    page.reload()
    assert page.locator("tbody tr").first.get_attribute("data-key") == "city"
    with tenant_scope(organization):
        assert [one.key for one in known_fields.known(organization)] == ["city", "first_name", "last_name"]
