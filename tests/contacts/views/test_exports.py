"""Taking people out as files: everything in them, written in pieces, noted, for those who may."""

import csv
import io

import pytest
from django.utils import timezone
from django.utils.http import urlencode
from openpyxl import load_workbook

from accounts.models import AuditEntry
from accounts.tenancy import tenant_scope
from contacts.actions import tags
from contacts.models import ConsentRecord, Contact, Field, Subscription, Suppression
from contacts.queries import exports
from tests.contacts.views.test_people import person, topic, url

__all__ = ["topic"]


def export(organization, **query):
    return url(organization, "people_export") + "?" + urlencode(query, doseq=True)


def read(response):
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


@pytest.fixture
def zoe(organization, topic):
    with tenant_scope(organization):
        Field.objects.create(organization=organization, key="visits", label="Visits", kind="number")
    contact = person(organization, "zoe", topic, values={"first_name": "=Zoë 😀", "last_name": "شيرين", "visits": -3})
    with tenant_scope(organization):
        tags.put_on(tag=tags.ensure(organization, ["VIP"])["VIP"], ids=[contact.pk])
        Suppression.objects.create(
            organization=organization, address_key=contact.address_key, reason="manual", source="x"
        )
        for action, words in (("requested", "old"), ("confirmed", "+Yes, I want it")):
            ConsentRecord.objects.create(
                organization=organization,
                contact=contact,
                topic=topic,
                action=action,
                at=timezone.now(),
                source="form",
                wording=words,
            )
    return contact


def test_a_csv_has_everything(as_marketer, organization, zoe):
    person(organization, "bob", archived_at=timezone.now())
    page = export(organization, all="1")
    assert "1 person: everybody" in as_marketer.get(page).content.decode()
    (row,) = read(as_marketer.post(page, {"format": "csv"}))
    assert row["E-mail address"] == "zoe@example.org"
    assert (row["First name"], row["Last name"], row["Visits"]) == ("'=Zoë 😀", "شيرين", "-3")
    assert (row["Tags"], row["Do not send"], row["State"]) == ("VIP", "Put on the list by a member", "")
    assert (row["News: state"], row["News: their words"]) == ("Subscribed", "'+Yes, I want it")
    assert row["News: how we know"].startswith("Confirmed, Sign-up form, ")
    with tenant_scope(organization):
        entry = AuditEntry.objects.get(verb="contacts.people_exported")
        assert (entry.actor.name, entry.data) == ("Mara", {"people": "everybody", "format": "csv", "count": 1})


def test_a_workbook_has_the_same(as_marketer, organization, zoe):
    response = as_marketer.post(export(organization, id=zoe.pk), {"format": "xlsx"})
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    head, row = book.active.iter_rows(values_only=True)
    cells = dict(zip(head, row, strict=True))
    assert (cells["First name"], cells["Visits"], cells["Id"]) == ("'=Zoë 😀", -3, zoe.pk)


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
def test_it_is_written_in_pieces_without_losing_anybody(as_marketer, organization, monkeypatch, piece):
    monkeypatch.setattr(exports, "PIECE", piece)
    people = [person(organization, f"p{i}") for i in range(6)]
    rows = read(as_marketer.post(export(organization, all="1", domain="example.org"), {"format": "csv"}))
    assert [row["Id"] for row in rows] == [str(one.pk) for one in people]
    rows = read(as_marketer.post(export(organization, id=[one.pk for one in people[1:]]), {"format": "csv"}))
    assert [row["Id"] for row in rows] == [str(one.pk) for one in people[1:]]


def test_who_comes_or_goes_meanwhile_breaks_nothing(as_marketer, organization, monkeypatch):
    monkeypatch.setattr(exports, "PIECE", 2)
    people = [person(organization, f"p{i}") for i in range(6)]
    stream = as_marketer.post(export(organization, all="1"), {"format": "csv"}).streaming_content
    begun = next(stream) + next(stream)
    with tenant_scope(organization):
        Contact.objects.filter(pk=people[4].pk).update(erased_at=timezone.now(), address="erased")
    person(organization, "late")
    text = (begun + b"".join(stream)).decode()
    assert "p3@" in text
    assert "p5@" in text
    assert "p4@" not in text
    assert "late@" not in text


@pytest.mark.parametrize("n", [1, 3])
def test_a_piece_takes_the_same_queries_for_any_number(n, scoped, django_assert_num_queries):
    ids = [person(scoped, f"p{i}").pk for i in range(n)]
    sheet = exports.sheet(scoped)
    with django_assert_num_queries(5):
        assert len(exports.rows(scoped, ids, sheet)) == n


def test_no_kind_no_file_and_nobody_no_page(as_marketer, organization):
    ann = person(organization, "ann")
    assert as_marketer.post(export(organization, id=ann.pk), {"format": "exe"}).status_code == 200
    assert as_marketer.get(export(organization)).url == url(organization, "people")
    with tenant_scope(organization):
        assert not AuditEntry.objects.filter(verb="contacts.people_exported").exists()


def test_who_may(as_owner, as_marketer, as_analyst, as_outsider, organization, topic):
    ann = person(organization, "ann", topic)
    with tenant_scope(organization):
        assert Subscription.objects.exists()
    for client, answer in ((as_outsider, 404), (as_analyst, 403), (as_marketer, 200), (as_owner, 200)):
        assert client.get(export(organization, id=ann.pk)).status_code == answer
        assert client.post(export(organization, id=ann.pk), {"format": "csv"}).status_code == answer
