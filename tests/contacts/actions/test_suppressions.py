"""The do-not-send list: added harmlessly twice, lifted only with a reason."""

import pytest

from accounts.models import AuditEntry, Brand
from contacts import fingerprints
from contacts.actions import suppressions
from contacts.enums import SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import Contact, Suppression, Topic


def add(organization, address="Ann@Example.org", reason=SuppressionReason.INVALID, **facts):
    return suppressions.suppress(organization=organization, address=address, reason=reason, source="relay", **facts)


def test_the_first_entry_of_a_reason_stands(scoped):
    assert add(scoped, evidence="550 5.1.1 \x00", about="d1")
    assert not add(scoped, "ann@example.org", evidence="later")
    entry = Suppression.objects.get()
    assert (entry.address_key, entry.evidence, entry.marketing_only) == ("ann@example.org", "550 5.1.1 ", False)
    assert add(scoped, reason=SuppressionReason.COMPLAINED)
    assert Suppression.objects.get(reason="complained").marketing_only


def test_a_forgotten_address_is_not_written_down_again(scoped, marketer):
    Suppression.objects.create(
        organization=scoped,
        address_key=fingerprints.listed("ann@example.org")[0],
        reason=SuppressionReason.ERASED,
        source="page",
    )
    n = suppressions.suppress_many(
        organization=scoped,
        keys=["ann@example.org", "bob@example.org"],
        reason=SuppressionReason.MANUAL,
        source="member",
        actor=marketer,
    )
    assert n == 1
    assert [row.address_key for row in Suppression.objects.exclude(reason="erased")] == ["bob@example.org"]
    assert not add(scoped, "Ann@Example.org")


def test_what_is_no_address_is_kept_as_it_stands(scoped):
    assert add(scoped, " Some Thing ")
    assert Suppression.objects.get().address_key == "some thing"


def test_many_at_once(scoped, marketer, monkeypatch):
    monkeypatch.setattr(suppressions, "BATCH", 2)
    add(scoped, "b@example.org", SuppressionReason.MANUAL)
    n = suppressions.suppress_many(
        organization=scoped,
        keys=["a@example.org", "b@example.org", "c@example.org", "a@example.org", "d@example.org"],
        reason=SuppressionReason.MANUAL,
        source="member",
        actor=marketer,
    )
    assert (n, Suppression.objects.count()) == (3, 4)
    assert AuditEntry.objects.get(verb="contacts.address_suppressed").data["addresses"] == "3 addresses"


def test_lifting_needs_a_reason_and_is_written_down(scoped, owner):
    add(scoped)
    entry = Suppression.objects.get()
    with pytest.raises(NotThisWay):
        suppressions.lift(suppression=entry, actor=owner, why="  ")
    suppressions.lift(suppression=entry, actor=owner, why="Mailbox exists again")
    suppressions.lift(suppression=entry, actor=owner, why="twice")
    entry.refresh_from_db()
    assert entry.lifted_why == "Mailbox exists again"
    assert AuditEntry.objects.get(verb="contacts.suppression_lifted").data["why"] == "Mailbox exists again"
    assert add(scoped), "after lifting it can stand anew"


def test_a_wish_to_be_forgotten_is_never_lifted(scoped, owner):
    add(scoped, reason=SuppressionReason.ERASED)
    with pytest.raises(NotThisWay):
        suppressions.lift(suppression=Suppression.objects.get(), actor=owner, why="please")


def test_an_entry_may_be_about_one_topic(scoped, owner):
    brand = Brand.objects.get()
    news, offers = (Topic.objects.create(organization=scoped, brand=brand, name=name) for name in ("News", "Offers"))
    assert add(scoped, reason=SuppressionReason.MANUAL, topic=news)
    assert not add(scoped, reason=SuppressionReason.MANUAL, topic=news)
    assert add(scoped, reason=SuppressionReason.MANUAL, topic=offers)
    assert add(scoped, reason=SuppressionReason.MANUAL)
    assert not add(scoped, reason=SuppressionReason.MANUAL)
    assert Suppression.objects.count() == 3


def test_coming_back_to_a_topic_lifts_its_entry_and_no_other(scoped):
    brand = Brand.objects.get()
    news, offers = (Topic.objects.create(organization=scoped, brand=brand, name=name) for name in ("News", "Offers"))
    ann = Contact.objects.create(
        organization=scoped, address="ann@example.org", address_key="ann@example.org", domain="example.org"
    )
    for topic in (None, news, offers):
        add(scoped, reason=SuppressionReason.UNSUBSCRIBED, topic=topic)
    assert suppressions.lift_own(contact=ann, topics=[news], why="Came back")
    assert [row.topic for row in Suppression.objects.filter(lifted_at=None)] == [offers]


def test_who_lifted_is_kept(scoped, owner):
    add(scoped)
    suppressions.lift(suppression=Suppression.objects.get(), actor=owner, why="They wrote")
    assert Suppression.objects.get().lifted_by == owner
