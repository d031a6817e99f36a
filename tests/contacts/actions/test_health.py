"""The numbers of an audience's health: each agrees with its segment, and is counted where it takes no page's time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import tasks
from contacts.actions import health, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentAction, ConsentSource, SubscriptionState, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import ConsentRecord, Contact, Health, Segment, Subscription, Topic
from contacts.queries import fields, segments
from contacts.queries import health as queries
from sending.enums import DeliveryState
from sending.models import Engagement
from tests.sending import ledger

pytestmark = pytest.mark.django_db


def person(organization, address, **facts):
    return Contact.objects.create(
        organization=organization, address=address, address_key=address, domain=address.rpartition("@")[2], **facts
    )


@pytest.fixture
def crowd(scoped):
    """One person in each number, and one in none."""
    topic = Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")
    found = {
        name: person(scoped, address)
        for name, address in (
            ("fine", "ann@example.org"),
            ("invalid", "dead@example.org"),
            ("typo", "bob@gmial.com"),
            ("role", "info@example.org"),
            ("suppressed", "cid@example.org"),
            ("pending", "dora@example.org"),
            ("disputed", "emil@example.org"),
            ("twin", "f.inn@gmail.com"),
            ("twin2", "finn+x@googlemail.com"),
        )
    }
    person(scoped, "gone@gmial.com", archived_at=timezone.now())
    for name, reason in (("invalid", SuppressionReason.INVALID), ("suppressed", SuppressionReason.MANUAL)):
        suppressions.suppress(organization=scoped, address=found[name].address, reason=reason, source="relay")
    Subscription.objects.create(
        organization=scoped,
        contact=found["pending"],
        topic=topic,
        state=SubscriptionState.PENDING,
        changed_at=timezone.now(),
    )
    ConsentRecord.objects.create(
        organization=scoped,
        contact=found["disputed"],
        action=ConsentAction.DISPUTED,
        at=timezone.now(),
        source=ConsentSource.PAGE,
    )
    return found


def test_every_number_is_counted(scoped, crowd):
    row = health.count(organization=scoped)
    facts = row.facts
    assert (facts["people"], facts["valid"]) == (9, 8)
    assert {name: facts[name] for name in queries.BY_NAME} == {
        "invalid": 1,
        "typo": 1,
        "role": 1,
        "never": 9,
        "silent": 0,
        "suppressed": 2,
        "pending": 1,
        "disputed": 1,
    }
    assert facts["typo_domains"] == {"gmial.com": "gmail.com"}
    assert queries.meant_for(row, crowd["typo"]) == "bob@gmail.com"
    assert (facts["mailboxes"], facts["extra"]) == (1, 1)
    assert row.duplicates == [[crowd["twin"].pk, crowd["twin2"].pk]]
    assert row.samples["typo"] == [crowd["typo"].pk]


def test_a_search_for_duplicates_that_stops_says_so(scoped, crowd, as_analyst, monkeypatch):
    old = person(scoped, "zed+a@example.org")
    person(scoped, "zed+b@example.org")
    monkeypatch.setattr(queries, "MOST_CANDIDATES", 2)
    row = health.count(organization=scoped)
    assert row.facts["duplicates_cut"] is True
    assert [ids[0] for ids in row.duplicates] == [old.pk], "the newest are looked at first"
    said = as_analyst.get(f"/o/{scoped.public_id}/audience/health/duplicates/").content.decode()
    assert "the newest 2 were looked at" in said
    monkeypatch.setattr(queries, "MOST_CANDIDATES", 300)
    assert health.count(organization=scoped).facts["duplicates_cut"] is False


def test_every_number_agrees_with_its_segment(scoped, crowd):
    row = health.count(organization=scoped)
    for name in queries.BY_NAME:
        definition = queries.definition(scoped, name, row)
        if definition is not None:
            assert segments.found(scoped, definition).people == row.facts[name], name


def test_the_silent_are_those_who_got_mail_and_did_nothing(scoped, marketer):
    silent, reader = person(scoped, "silent@example.org"), person(scoped, "reader@example.org")
    for n in range(2):
        send = ledger.mailing(scoped, name=f"Send {n}")
        for one in (silent, reader):
            row = ledger.delivery(send, contact=one, state=DeliveryState.DELIVERED)
            if one == reader:
                Engagement.objects.create(
                    organization=scoped,
                    delivery_id=row.pk,
                    mailing_id=send.pk,
                    contact_id=one.pk,
                    opened_at=timezone.now(),
                )
    health.set_silence(organization=scoped, days=30, sends=2, actor=marketer)
    row = health.count(organization=scoped)
    assert (row.facts["silent"], row.samples["silent"], row.facts["mailed"]) == (1, [silent.pk], 2)
    health.set_silence(organization=scoped, days=30, sends=3, actor=marketer)
    assert health.count(organization=scoped).facts["silent"] == 0


def test_one_click_makes_a_segment_once(scoped, marketer, crowd):
    health.count(organization=scoped)
    first = health.make_segment(organization=scoped, name="role", actor=marketer)
    assert health.make_segment(organization=scoped, name="role", actor=marketer) == first
    assert segments.found(scoped, first.definition).people == 1
    health.make_segment(organization=scoped, name="silent", actor=marketer)
    assert Segment.objects.filter(name="Unengaged: no open or click in 180 days, 5 mails or more").exists()
    with pytest.raises(NotThisWay):
        health.make_segment(organization=scoped, name="disputed", actor=marketer)


def test_archiving_a_number_is_a_job(scoped, marketer, crowd):
    health.count(organization=scoped)
    job = health.archive(organization=scoped, name="typo", actor=marketer)
    assert job.people["filter"]["segment"] == Segment.objects.get().public_id
    job = health.archive(organization=scoped, name="disputed", actor=marketer)
    assert job.people == {"ids": [crowd["disputed"].pk]}


def test_consent_of_a_subscriber_is_not_a_dispute(scoped, crowd):
    topic = Topic.objects.get()
    subscriptions.subscribe(contact=crowd["fine"], topic=topic, statement=Statement(ConsentSource.FORM, "Yes"))
    assert health.count(organization=scoped).facts["disputed"] == 1


def test_small_audiences_are_counted_when_somebody_looks(scoped, crowd):
    row, wake = health.ask(organization=scoped)
    assert not wake and row.facts["people"] == 9
    person(scoped, "new@example.org")
    assert health.ask(organization=scoped)[0].facts["people"] == 9, "fresh enough"
    assert health.ask(organization=scoped, anew=True)[0].facts["people"] == 10


@pytest.mark.django_db(transaction=True)
def test_large_ones_are_counted_in_the_background_and_a_lost_count_is_found(organization, monkeypatch):
    monkeypatch.setattr(fields, "SMALL", 0)
    with tenant_scope(organization):
        person(organization, "ann@example.org")
        row, wake = health.ask(organization=organization)
        assert wake and row.counted_at is None
        assert health.ask(organization=organization)[1] is False, "asked for already"
    assert health.waiting() == []
    with tenant_scope(organization):
        Health.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    assert health.waiting() == [organization.pk]
    tasks.count_health(organization.pk)
    with tenant_scope(organization):
        row = Health.objects.get()
        assert (row.facts["people"], row.asked_at) == (1, None)
        assert health.ask(organization=organization) == (row, False)
