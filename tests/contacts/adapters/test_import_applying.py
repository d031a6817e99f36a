"""What applying an import writes for a person, and what it leaves alone: status, proof, tags, the do-not-send list."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Brand
from contacts import fingerprints
from contacts.actions import import_work, imports, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.adapters import import_applying
from contacts.enums import ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import (
    ConsentRecord,
    Contact,
    Import,
    ImportChange,
    ImportRow,
    Subscription,
    Suppression,
    Tag,
    Tagging,
    Topic,
)
from tests.contacts.actions.test_import_work import CONSENT, applied, planned, upload


@pytest.fixture
def topic(scoped):
    return Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")


def subscribed(topic):
    rows = Subscription.objects.filter(topic=topic, state=SubscriptionState.SUBSCRIBED)
    return sorted(rows.values_list("contact__address_key", flat=True))


def test_only_those_are_subscribed_of_whom_the_file_says_nothing_against_it(scoped, topic):
    import_ = applied(
        scoped,
        "Email,Status,Unsub time,Unsub reason\n"
        "sub@post.example,subscribed,,\n"
        "plain@post.example,,,\n"
        "gone@post.example,unsubscribed,2024-03-01 10:00:00,Too many\n"
        "pending@post.example,pending,,\n"
        "bounce@post.example,bounced,2024-03-02,550 no such user\n"
        "spam@post.example,complained,,\n"
        "block@post.example,blocked,,\n"
        "wrong@post.example,invalid,,\n",
        [topic],
    )
    assert subscribed(topic) == ["plain@post.example", "sub@post.example"]
    assert import_.plan["listing"] == {"2": 1, "4": 1, "5": 1, "6": 1, "7": 1}
    assert import_.plan["pending"] == 1
    listed = {row.address_key: row for row in Suppression.objects.all()}
    assert {key: row.reason for key, row in listed.items()} == {
        "gone@post.example": SuppressionReason.UNSUBSCRIBED,
        "bounce@post.example": SuppressionReason.BOUNCED,
        "spam@post.example": SuppressionReason.COMPLAINED,
        "block@post.example": SuppressionReason.IMPORTED,
        "wrong@post.example": SuppressionReason.INVALID,
    }
    gone = listed["gone@post.example"]
    assert gone.evidence == "Unsubscribed on 2024-03-01: Too many"
    assert (gone.marketing_only, gone.source, gone.about) == (True, "import", f"import {import_.public_id}")
    assert not listed["bounce@post.example"].marketing_only
    assert Contact.objects.count() == 8, "they are kept as people, with what the file says of them"
    word = ConsentRecord.objects.get(contact__address_key="gone@post.example")
    assert (word.topic_id, word.action, word.at) == (None, "unsubscribed", datetime(2024, 3, 1, 10, tzinfo=UTC))
    assert (import_.result["created"], import_.result["subscribed"], import_.result["listed"]) == (8, 2, 5)


def test_the_files_own_proof_is_kept_with_each_person(scoped, topic):
    applied(
        scoped,
        "Email,Optin time,Optin IP,Confirm time,Confirm IP\n"
        "ann@post.example,2020-01-02 03:04:05,192.0.2.7,2020-01-02 04:00:00,2001:db8::1\n"
        "bob@post.example,,,,\n",
        [topic],
    )
    first, second = ConsentRecord.objects.filter(contact__address_key="ann@post.example").order_by("at")
    assert (first.action, first.at, first.ip) == (
        "subscribed",
        datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
        "192.0.2.7",
    )
    assert (second.action, second.at, second.ip) == (
        "confirmed",
        datetime(2020, 1, 2, 4, tzinfo=UTC),
        "2001:db8::1",
    )
    stated = ConsentRecord.objects.get(contact__address_key="bob@post.example")
    assert (stated.at.date(), stated.ip) == (CONSENT.given_on, None)


def test_a_no_in_any_row_of_the_file_counts(scoped, topic):
    import_ = applied(
        scoped,
        "Email,City,Status\n"
        "ann@post.example,,unsubscribed\n"
        "ann@post.example,Oslo,subscribed\n"
        "bob@post.example,Rome,subscribed\n"
        "bob@post.example,,bounced\n",
        [topic],
    )
    assert subscribed(topic) == []
    assert import_.plan["no_to_all"] == 2
    assert import_.plan["duplicate"] == 2
    assert {c.address_key: c.values for c in Contact.objects.all()} == {
        "ann@post.example": {"city": "Oslo"},
        "bob@post.example": {"city": "Rome"},
    }
    assert {row.address_key: row.reason for row in Suppression.objects.all()} == {
        "ann@post.example": "unsubscribed",
        "bob@post.example": "bounced",
    }


def test_a_no_counts_over_batches(scoped, topic, monkeypatch):
    monkeypatch.setattr(import_work, "APPLY_BATCH", 1)
    applied(
        scoped, "Email,Status\nann@post.example,subscribed\nbob@post.example,\nann@post.example,unsubscribed\n", [topic]
    )
    assert subscribed(topic) == ["bob@post.example"]
    assert Suppression.objects.get().address_key == "ann@post.example"


@pytest.mark.parametrize(
    ("reason", "joins"),
    [
        ("unsubscribed", False),
        ("complained", False),
        ("manual", False),
        ("imported", False),
        ("bounced", True),
        ("invalid", True),
    ],
)
def test_whoever_refused_gets_no_sleeping_subscription(scoped, topic, reason, joins):
    suppressions.suppress(
        organization=scoped, address="ann@post.example", reason=SuppressionReason(reason), source="member"
    )
    import_ = applied(scoped, "Email\nann@post.example\n", [topic])
    assert subscribed(topic) == (["ann@post.example"] if joins else [])
    assert import_.plan["suppressed"] == 1
    assert Suppression.objects.get().lifted_at is None


def test_whoever_left_everything_is_not_put_into_a_topic_they_never_had(scoped, topic):
    applied(scoped, "Email\nann@post.example\n")
    ann = Contact.objects.get()
    subscriptions.unsubscribe_all(contact=ann, statement=Statement(ConsentSource.PAGE))
    import_ = applied(scoped, "Email,Status\nann@post.example,subscribed\n", [topic])
    assert not Subscription.objects.exists()
    assert import_.result.get("subscribed", 0) == 0


def test_an_entry_about_one_topic_keeps_out_of_that_topic_only(scoped, topic):
    other = Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="Offers")
    Suppression.objects.create(
        organization=scoped, address_key="ann@post.example", reason="manual", topic=topic, source="member"
    )
    applied(scoped, "Email\nann@post.example\n", [topic, other])
    assert subscribed(topic) == []
    assert subscribed(other) == ["ann@post.example"]


def test_who_came_back_here_after_leaving_there_stays(scoped, topic):
    applied(scoped, "Email\nann@post.example\nbob@post.example\n")
    for contact in Contact.objects.all():
        year = 2025 if contact.address_key.startswith("ann") else 2021
        said = Statement(ConsentSource.FORM, "Yes", at=datetime(year, 1, 1, tzinfo=UTC))
        subscriptions.subscribe(contact=contact, topic=topic, statement=said)
    applied(
        scoped,
        "Email,Status,Unsub time\nann@post.example,unsubscribed,2023-01-01\nbob@post.example,unsubscribed,2023-01-01\n",
    )
    assert Suppression.objects.get().address_key == "bob@post.example"


def test_whoever_asked_to_be_forgotten_is_skipped_in_the_plan_and_later(scoped, topic):
    def forget(address):
        Suppression.objects.create(
            organization=scoped, address_key=fingerprints.listed(address)[0], reason="erased", source="member"
        )

    forget("ann@post.example")
    import_ = planned(scoped, "Email\nann@post.example\nbob@post.example\ncid@post.example\n", [topic])
    assert import_.plan["erased"] == 1
    forget("bob@post.example")
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert [contact.address_key for contact in Contact.objects.all()] == ["cid@post.example"]
    import_.refresh_from_db()
    assert import_.result["skipped"] == 2


def test_a_row_that_erasing_has_emptied_makes_nobody(scoped, topic):
    import_ = planned(scoped, "Email,Status\nann@post.example,subscribed\nbob@post.example,unsubscribed\n", [topic])
    ImportRow.objects.update(address="", address_key="", domain="", locale="", values={}, extra=None)
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert not Contact.objects.exists()
    assert not Suppression.objects.exists()


def test_tags_of_a_column_and_for_everybody(scoped):
    Tag.objects.create(organization=scoped, name="VIP")
    import_ = upload(scoped, 'Email,Tags\nann@post.example,"vip,Köln"\nbob@post.example,\n')
    imports.match_columns(
        import_=import_,
        matches=imports.as_guessed(import_),
        topics=[],
        consent=None,
        actor=None,
        tag_names=["Autumn", " autumn "],
    )
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.plan["tags"] == {"Köln": 1, "vip": 1}
    assert Tag.objects.count() == 1, "a plan makes nothing"
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    put = sorted(Tagging.objects.values_list("contact__address_key", "tag__name"))
    assert put == [
        ("ann@post.example", "Autumn"),
        ("ann@post.example", "Köln"),
        ("ann@post.example", "VIP"),
        ("bob@post.example", "Autumn"),
    ]
    assert set(Tagging.objects.values_list("import_id", flat=True)) == {import_.pk}


def test_how_people_were_is_kept_for_whoever_is_touched(scoped, topic):
    applied(scoped, "Email,City,Visits\nann@post.example,Oslo,3\nbob@post.example,Rome,4\ncid@post.example,Bonn,1\n")
    import_ = applied(
        scoped,
        "Email,City,Visits,Language\nann@post.example,Bergen,3,no\nbob@post.example,,,\ndora@post.example,,,\n",
        [topic],
    )
    ann, bob = ImportChange.objects.filter(source=import_).order_by("contact_id")
    assert (ann.before, ann.after) == ({"city": "Oslo"}, {"city": "Bergen"})
    assert (ann.locale_before, ann.locale_after) == ("", "no")
    assert (bob.before, bob.after) == ({}, {}), "only subscribed"
    assert import_.plan["fields"] == [["city", 1]]
    assert import_.plan["languages"] == 1


def test_somebody_who_was_added_while_the_plan_waited_is_changed_not_doubled(scoped, topic):
    import_ = planned(scoped, "Email,City\nann@post.example,Oslo\n", [topic])
    Contact.objects.create(
        organization=scoped,
        address="Ann@post.example",
        address_key="ann@post.example",
        domain="post.example",
        values={"city": "X"},
    )
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert Contact.objects.get().values == {"city": "Oslo"}
    assert ImportChange.objects.get().before == {"city": "X"}
    assert subscribed(topic) == ["ann@post.example"]


def test_archived_people_are_not_subscribed(scoped, topic):
    applied(scoped, "Email\nann@post.example\n")
    Contact.objects.update(archived_at=timezone.now())
    applied(scoped, "Email\nann@post.example\n", [topic])
    assert not Subscription.objects.exists()


def test_lines_far_apart_are_found(scoped):
    import_ = planned(scoped, "Email\nann@post.example\n" + "\n" * 500 + "bob@post.example\n")
    assert import_applying.lines_of_batch(import_.pk, 0, 10) == (2, 1)
    assert import_applying.lines_of_batch(import_.pk, 2, 10) == (503, 1)
    assert import_applying.lines_of_batch(import_.pk, 503, 10) == (503, 0)


def test_a_batch_leaves_no_tables_behind(scoped, topic):
    applied(scoped, "Email,Status\nann@post.example,unsubscribed\nbob@post.example,\n", [topic])
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")
        assert cursor.fetchall() == []


def test_two_imports_of_one_file_at_once_make_everybody_once(scoped, topic):
    text = "Email,City\nann@post.example,Oslo\nbob@post.example,Rome\n"
    one, two = planned(scoped, text, [topic]), planned(scoped, text, [topic])
    for import_ in (one, two):
        imports.approve(import_=import_, actor=None)
        import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert (Contact.objects.count(), Subscription.objects.count(), ConsentRecord.objects.count()) == (2, 2, 2)
    one, two = Import.objects.order_by("pk")
    assert (one.result["created"], two.result.get("created", 0)) == (2, 0)
