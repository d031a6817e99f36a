"""The audience's health as members use it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import tenant_scope
from contacts.models import Contact, Health, Job, Segment
from contacts.queries import fields


def url(organization, name, **kwargs):
    return reverse(f"contacts:{name}", kwargs={"org": organization.public_id, **kwargs})


def people(organization, *addresses):
    with tenant_scope(organization):
        return [
            Contact.objects.create(
                organization=organization, address=one, address_key=one, domain=one.rpartition("@")[2]
            )
            for one in addresses
        ]


def test_an_empty_audience_is_told_what_the_page_is_for(as_marketer, organization):
    assert "Nobody to look after yet" in as_marketer.get(url(organization, "health")).content.decode()


def test_each_number_leads_to_its_people(as_analyst, organization):
    people(organization, "ann@example.org", "bob@gmial.com", "info@example.org")
    page = as_analyst.get(url(organization, "health"))
    assert page.context["facts"]["typo"] == 1
    typos = as_analyst.get(url(organization, "health_number", which="typo")).content.decode()
    assert "bob@gmail.com" in typos and "ann@example.org" not in typos
    for which in ("invalid", "role", "never", "silent", "suppressed", "pending", "disputed"):
        assert as_analyst.get(url(organization, "health_number", which=which)).status_code == 200
    assert as_analyst.get(url(organization, "health_number", which="nonsense")).status_code == 404


def test_what_unengaged_means_is_set_and_made_a_segment(as_marketer, organization):
    page = url(organization, "health_number", which="silent")
    assert as_marketer.post(page, {"days": 3, "sends": 0}).status_code == 200
    assert as_marketer.post(page, {"days": 90, "sends": 2}).status_code == 302
    with tenant_scope(organization):
        row = Health.objects.get()
        assert (row.silent_days, row.silent_sends) == (90, 2)
    assert as_marketer.post(url(organization, "health_segment", which="silent")).status_code == 302
    with tenant_scope(organization):
        segment = Segment.objects.get()
        assert "90 days" in segment.name
    assert segment.public_id in as_marketer.post(url(organization, "health_segment", which="silent"))["Location"]


def test_a_number_is_archived_as_a_job(as_marketer, organization):
    people(organization, "bob@gmial.com")
    as_marketer.get(url(organization, "health"))
    response = as_marketer.post(url(organization, "health_archive", which="typo"))
    with tenant_scope(organization):
        assert Job.objects.get().public_id in response["Location"]
    as_marketer.post(url(organization, "health_archive", which="disputed"))
    with tenant_scope(organization):
        assert Job.objects.count() == 1, "there is nobody"


def test_doubled_addresses_are_merged_or_archived(as_marketer, organization):
    one, two, three = people(organization, "ann@gmail.com", "a.nn@gmail.com", "ann+x@gmail.com")
    page = url(organization, "duplicates")
    assert "ann+x@gmail.com" in as_marketer.get(page).content.decode()
    resolve = url(organization, "duplicates_resolve")
    ids = f"{one.pk},{two.pk}"
    assert "Say who stays" in as_marketer.post(resolve, {"ids": ids, "way": "merge"}, follow=True).content.decode()
    assert (
        "Say who stays"
        in as_marketer.post(resolve, {"ids": ids, "keep": three.pk, "way": "merge"}, follow=True).content.decode()
    )
    said = as_marketer.post(resolve, {"ids": ids, "keep": one.pk, "way": "merge"}, follow=True).content.decode()
    assert "merged into ann@gmail.com" in said
    as_marketer.post(resolve, {"ids": f"{one.pk},{three.pk}", "keep": one.pk, "way": "archive"})
    with tenant_scope(organization):
        assert list(Contact.objects.filter(archived_at=None)) == [one]
    again = as_marketer.post(resolve, {"ids": ids, "keep": one.pk, "way": "merge"}, follow=True).content.decode()
    assert "not there any more" in again
    assert "Everybody has one address" in as_marketer.get(page).content.decode()


def test_a_large_audience_is_not_counted_while_the_page_waits(as_marketer, organization, monkeypatch):
    monkeypatch.setattr(fields, "SMALL", 0)
    people(organization, "ann@example.org")
    assert "for the first time" in as_marketer.get(url(organization, "health")).content.decode()
    with tenant_scope(organization):
        Health.objects.update(
            counted_at=timezone.now(), asked_at=None, facts={"people": 1_000_000, "never": 7}, samples={}
        )
    page = as_marketer.get(url(organization, "health")).content.decode()
    assert "1,000,000" in page and "Counted" in page
    as_marketer.post(url(organization, "health_recount"))
    assert "Being counted anew" in as_marketer.get(url(organization, "health")).content.decode()


def test_who_may_do_what(as_analyst, as_outsider, organization):
    pages = ("health", "duplicates")
    for name in pages:
        assert as_analyst.get(url(organization, name)).status_code == 200
        assert as_outsider.get(url(organization, name)).status_code == 404
    for name, kwargs in (
        ("health_recount", {}),
        ("duplicates_resolve", {}),
        ("health_segment", {"which": "role"}),
        ("health_archive", {"which": "role"}),
        ("health_number", {"which": "silent"}),
    ):
        assert as_analyst.post(url(organization, name, **kwargs)).status_code == 403
        assert as_outsider.post(url(organization, name, **kwargs)).status_code == 404


@pytest.mark.parametrize("n", [1, 3])
def test_pages_take_the_same_queries_for_any_number(n, as_analyst, organization, django_assert_num_queries):
    people(organization, *[f"x{i}@gmial.com" for i in range(n)], *[f"y{i}@gmail.com" for i in range(n)])
    people(organization, *[f"y{i}+a@gmail.com" for i in range(n)])
    as_analyst.get(url(organization, "health"))
    for name, kwargs, queries in (
        ("health", {}, 13),
        ("health_number", {"which": "typo"}, 14),
        ("duplicates", {}, 14),
    ):
        with django_assert_num_queries(queries):
            as_analyst.get(url(organization, name, **kwargs))
