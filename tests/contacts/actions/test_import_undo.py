"""Taking an import back: who goes, who is archived, what returns, and what people did since."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, Brand
from contacts.actions import import_undo, import_work, imports, subscriptions, suppressions, tags
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, ImportState, SubscriptionState, SuppressionReason
from contacts.errors import NotThisWay
from contacts.models import (
    ConsentRecord,
    Contact,
    Import,
    Preference,
    Subscription,
    Suppression,
    Tagging,
    Topic,
)
from sending.actions import evidence
from sending.enums import DeliveryState
from tests.contacts.actions.test_import_work import applied, planned, upload
from tests.sending import ledger

PAGE = Statement(ConsentSource.PAGE)


@pytest.fixture
def topic(scoped):
    return Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="News")


def undone(import_, actor=None):
    import_undo.start(import_=import_, actor=actor)
    assert import_work.run(organization_id=import_.organization_id, import_id=import_.pk)
    import_.refresh_from_db()
    assert import_.state == ImportState.UNDONE, import_.problem
    return import_


def made_yesterday():
    """A test is one transaction, in which the clock of the database stands still."""
    then = timezone.now() - timedelta(days=1)
    Contact.objects.update(created_at=then, updated_at=then)


def person(name):
    return Contact.objects.get(address_key=f"{name}@post.example")


def test_whoever_it_made_and_nobody_mailed_or_touched_goes(scoped, topic, owner):
    import_ = applied(scoped, "Email,City\nann@post.example,Oslo\nbob@post.example,Rome\n", [topic])
    assert import_undo.preview(import_).deleted == 2
    undone(import_, owner)
    assert not Contact.objects.exists()
    assert not Subscription.objects.exists()
    assert ConsentRecord.objects.filter(action="reverted").count() == 2, "the ledger says what happened"
    assert import_.undo["deleted"] == 2
    assert (import_.undone_by, import_.undo["archived"]) == (owner, 0)
    assert AuditEntry.objects.filter(verb="contacts.import_undone", target_id=import_.public_id, actor=owner).exists()
    assert applied(scoped, "Email,City\nann@post.example,Oslo\n", [topic]).plan["new"] == 1, "and may come again"


def test_whoever_was_mailed_is_archived_and_never_deleted(scoped, topic):
    import_ = applied(scoped, "Email\nann@post.example\nbob@post.example\n", [topic])
    ledger.delivery(ledger.mailing(scoped, topic_id=topic.pk), contact=person("ann"))
    preview = import_undo.preview(import_)
    assert (preview.deleted, preview.archived, preview.exact) == (1, 1, True)
    undone(import_)
    assert Contact.objects.get() == person("ann")
    assert person("ann").archived_at is not None
    assert not Subscription.objects.exists()


def test_changed_fields_return_where_the_value_is_still_the_imports(scoped, topic):
    applied(scoped, "Email,City,Visits,Language\nann@post.example,Oslo,3,en\nbob@post.example,Rome,4,en\n")
    import_ = applied(
        scoped,
        "Email,City,Visits,Language,Shoes\nann@post.example,Bergen,5,no,38\nbob@post.example,Pisa,6,it,42\n",
    )
    bob = person("bob")
    bob.values = {**bob.values, "city": "Siena", "nickname": "Bobby"}
    bob.save()
    undone(import_)
    assert person("ann").values == {"city": "Oslo", "visits": 3}
    assert person("ann").locale == "en"
    assert person("bob").values == {"city": "Siena", "visits": 4, "nickname": "Bobby"}, "what was edited since stays"
    assert import_.undo["returned"] == 2
    assert Contact.objects.filter(archived_at=None).count() == 2, "people we knew are not archived"


def test_subscriptions_it_made_go_back_unless_the_person_said_something_since(scoped, topic):
    applied(scoped, "Email\nann@post.example\nbob@post.example\ncid@post.example\ndora@post.example\n")
    import_ = applied(
        scoped, "Email\nann@post.example\nbob@post.example\ncid@post.example\ndora@post.example\n", [topic]
    )
    subscriptions.unsubscribe(contact=person("bob"), topic=topic, statement=PAGE)
    subscriptions.unsubscribe(contact=person("cid"), topic=topic, statement=PAGE)
    subscriptions.resubscribe(contact=person("cid"), topic=topic, statement=PAGE)
    subscriptions.unsubscribe_all(contact=person("dora"), statement=PAGE)
    undone(import_)
    standing = {s.contact.address_key[:4]: s.state for s in Subscription.objects.select_related("contact")}
    assert standing == {
        "bob@": SubscriptionState.UNSUBSCRIBED,
        "cid@": SubscriptionState.SUBSCRIBED,
        "dora": SubscriptionState.UNSUBSCRIBED,
    }
    assert ConsentRecord.objects.get(action="reverted").contact == person("ann")
    assert Suppression.objects.get(lifted_at=None).address_key == "dora@post.example"


def test_people_it_made_who_acted_since_are_kept(scoped, topic):
    other = Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="Offers")
    names = ("left", "joined", "edited", "tagged", "paused", "complained")
    import_ = applied(scoped, "Email\n" + "".join(f"{name}@post.example\n" for name in names), [topic])
    made_yesterday()
    subscriptions.unsubscribe(contact=person("left"), topic=topic, statement=PAGE)
    subscriptions.subscribe(contact=person("joined"), topic=other, statement=Statement(ConsentSource.FORM, "Yes"))
    edited = person("edited")
    edited.values = {"city": "Oslo"}
    edited.save()
    tag = tags.ensure(scoped, ["VIP"])["VIP"]
    tags.put_on(tag=tag, ids=[person("tagged").pk])
    Preference.objects.create(organization=scoped, contact=person("paused"), cap="weekly")
    suppressions.suppress(
        organization=scoped, address="complained@post.example", reason=SuppressionReason.COMPLAINED, source="mailroom"
    )
    undone(import_)
    assert Contact.objects.count() == 6
    assert person("joined").archived_at is None, "who is subscribed by their own word belongs here"
    assert Contact.objects.filter(archived_at=None).count() == 1
    assert Subscription.objects.get(contact=person("left")).state == SubscriptionState.UNSUBSCRIBED
    assert Subscription.objects.get(contact=person("joined")).topic == other
    assert Tagging.objects.get().tag == tag


def test_tags_that_it_put_on_come_off(scoped):
    applied(scoped, "Email\nann@post.example\n")
    vip = tags.ensure(scoped, ["VIP"])["VIP"]
    tags.put_on(tag=vip, ids=[person("ann").pk])
    import_ = upload(scoped, 'Email,Tags\nann@post.example,"VIP,Köln"\n')
    imports.match_columns(import_=import_, matches=imports.as_guessed(import_), topics=[], consent=None, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    imports.approve(import_=import_, actor=None)
    import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert Tagging.objects.count() == 2
    undone(import_)
    assert Tagging.objects.get().tag == vip, "that one a member had put on"
    assert import_.undo["untagged"] == 1


def test_entries_that_it_added_are_lifted_unless_something_else_stands_behind_them(scoped):
    applied(scoped, "Email\nann@post.example\nbob@post.example\ncid@post.example\n")
    suppressions.suppress(
        organization=scoped, address="cid@post.example", reason=SuppressionReason.UNSUBSCRIBED, source="page"
    )
    import_ = applied(
        scoped,
        "Email,Status\nann@post.example,unsubscribed\nbob@post.example,unsubscribed\ncid@post.example,unsubscribed\n",
    )
    assert import_.result["listed"] == 2, "the first entry stands"
    subscriptions.unsubscribe(
        contact=person("bob"),
        topic=Topic.objects.create(organization=scoped, brand=Brand.objects.get(), name="T"),
        statement=PAGE,
    )
    undone(import_)
    lifted = Suppression.objects.exclude(lifted_at=None).get()
    assert (lifted.address_key, lifted.lifted_why) == ("ann@post.example", "import undone")
    assert set(Suppression.objects.filter(lifted_at=None).values_list("address_key", flat=True)) == {
        "bob@post.example",
        "cid@post.example",
    }


def test_an_entry_of_somebody_whose_address_changed_since_is_lifted_too(scoped):
    import_ = applied(scoped, "Email,Status\nann@post.example,bounced\n")
    Contact.objects.update(address_key="new@post.example", address="new@post.example")
    undone(import_)
    assert Suppression.objects.get().lifted_at is not None
    assert import_.undo["lifted"] == 1


def test_whoever_was_erased_since_is_left_alone(scoped, topic):
    import_ = applied(scoped, "Email,City\nann@post.example,Oslo\nbob@post.example,Rome\n", [topic])
    Contact.objects.filter(address_key="ann@post.example").update(erased_at=timezone.now(), values={}, address_key="x")
    undone(import_)
    assert Contact.objects.get().erased_at is not None


def test_a_second_import_of_the_same_people_keeps_what_it_brought(scoped):
    first = applied(scoped, "Email,City\nann@post.example,Oslo\n")
    made_yesterday()
    second = applied(scoped, "Email,City\nann@post.example,Rome\n")
    undone(first)
    assert person("ann").values == {"city": "Rome"}
    assert person("ann").archived_at is None, "the second brought them too"
    undone(second)
    assert not Contact.objects.filter(archived_at=None).exists(), "and now nobody does"


def test_people_whom_a_later_import_brought_unchanged_stay_until_that_one_goes_too(scoped):
    first = applied(scoped, "Email,City\nann@post.example,Oslo\nbob@post.example,Rome\n")
    second = applied(scoped, "Email,City\nann@post.example,Oslo\ncid@post.example,Pisa\n")
    assert (second.plan["unchanged"], second.result["created"]) == (1, 1)
    undone(first)
    assert set(Contact.objects.filter(archived_at=None).values_list("address_key", flat=True)) == {
        "ann@post.example",
        "cid@post.example",
    }
    second.refresh_from_db()
    undone(second)
    assert not Contact.objects.exists(), "nothing else ever knew them"


def test_an_import_that_was_never_applied_keeps_nobody(scoped):
    first = applied(scoped, "Email\nann@post.example\n")
    planned(scoped, "Email\nann@post.example\n")
    undone(first)
    assert not Contact.objects.exists()


def test_an_entry_that_another_import_would_have_made_is_that_imports_from_then_on(scoped):
    applied(scoped, "Email\nann@post.example\n")
    first = applied(scoped, "Email,Status\nann@post.example,unsubscribed\neve@post.example,unsubscribed\n")
    second = applied(scoped, "Email,Status\nann@post.example,unsubscribed\neve@post.example,bounced\n")
    undone(first)
    standing = set(Suppression.objects.filter(lifted_at=None).values_list("address_key", "reason"))
    assert standing == {("ann@post.example", "unsubscribed"), ("eve@post.example", "bounced")}
    second.refresh_from_db()
    undone(second)
    assert not Suppression.objects.filter(lifted_at=None).exists()


def test_an_entry_stays_when_the_relay_would_have_made_it_since(scoped):
    people = "ann@post.example", "bob@post.example", "cid@post.example"
    applied(scoped, "Email\n" + "".join(f"{one}\n" for one in people))
    import_ = applied(
        scoped,
        "Email,Status\nann@post.example,invalid\nbob@post.example,invalid\ncid@post.example,spam\n",
    )
    assert import_.result["listed"] == 3
    send = ledger.mailing(scoped, audience_size=2)
    Import.objects.update(created_at=timezone.now() - timedelta(hours=1))
    ledger.delivery(send, contact=person("ann"), state=DeliveryState.BOUNCED)
    delivered = ledger.delivery(send, contact=person("cid"))
    assert evidence.complained(delivery_id=delivered.pk, kind="abuse", agent="theirs")
    import_.refresh_from_db()
    undone(import_)
    standing = set(Suppression.objects.filter(lifted_at=None).values_list("address_key", flat=True))
    assert standing == {"ann@post.example", "cid@post.example"}


def test_what_a_cancelled_import_had_written_can_be_taken_back(scoped, topic, monkeypatch):
    monkeypatch.setattr(import_work, "APPLY_BATCH", 3)
    import_ = planned(scoped, "Email\n" + "".join(f"p{i}@post.example\n" for i in range(9)), [topic])
    imports.approve(import_=import_, actor=None)
    taken = import_work._take_up(import_.pk, "w")
    assert taken
    import_work._apply_batch(scoped.pk, import_.pk, "w")
    imports.cancel(import_=import_, actor=None)
    assert Contact.objects.count() == 2
    import_.refresh_from_db()
    undone(import_)
    assert not Contact.objects.exists()


def test_not_twice_not_too_late_not_of_nothing(scoped):
    import_ = applied(scoped, "Email\nann@post.example\n")
    Import.objects.update(finished_at=timezone.now() - timedelta(days=31))
    import_.refresh_from_db()
    with pytest.raises(NotThisWay, match="could be until"):
        import_undo.start(import_=import_, actor=None)
    Import.objects.update(finished_at=timezone.now())
    import_.refresh_from_db()
    import_undo.start(import_=import_, actor=None)
    with pytest.raises(NotThisWay, match="taken back already"):
        import_undo.start(import_=import_, actor=None)
    with pytest.raises(NotThisWay, match="goes on to its end"):
        imports.cancel(import_=import_, actor=None)
    again = planned(scoped, "Email\nann@post.example\n")
    with pytest.raises(NotThisWay, match="nothing to take back"):
        import_undo.start(import_=again, actor=None)


def test_a_dead_workers_undo_is_taken_up_where_it_stood(scoped, topic, monkeypatch):
    monkeypatch.setattr(import_undo, "BATCH", 3)
    import_ = applied(scoped, "Email\n" + "".join(f"p{i}@post.example\n" for i in range(10)), [topic])
    import_undo.start(import_=import_, actor=None)
    real, calls = import_undo.batch, 0

    def dying(import_):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return real(import_)

    monkeypatch.setattr(import_undo, "batch", dying)
    with pytest.raises(KeyboardInterrupt):
        import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    assert Contact.objects.count() == 4
    assert not import_work.run(organization_id=scoped.pk, import_id=import_.pk), "its worker may still be alive"
    Import.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    assert import_work.run(organization_id=scoped.pk, import_id=import_.pk)
    import_.refresh_from_db()
    assert (import_.state, import_.undo["deleted"], import_.undo["people"]) == (ImportState.UNDONE, 10, 10)
    assert not Contact.objects.exists()
    assert ConsentRecord.objects.filter(action="reverted").count() == 10


def test_what_an_undo_needs_is_forgotten_after_the_month(organization, scope):
    with scope(organization):
        applied(organization, "Email,City\nann@post.example,Oslo\n")
        applied(organization, "Email,City\nann@post.example,Rome\n")
        Import.objects.update(finished_at=timezone.now() - timedelta(days=32))
    import_work.forget_old()
    with scope(organization), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts_importchange")
        assert cursor.fetchone() == (0,)


def test_many_people_are_looked_at_in_part_and_it_is_said(scoped, monkeypatch):
    import_ = applied(scoped, "Email\n" + "".join(f"p{i}@post.example\n" for i in range(40)))
    Contact.objects.filter(pk__in=list(Contact.objects.order_by("pk").values_list("pk", flat=True))[::2]).update(
        archived_at=timezone.now()
    )
    monkeypatch.setattr(import_undo, "SAMPLE", 10)
    preview = import_undo.preview(import_)
    assert not preview.exact
    assert preview.made == 40
    assert 0 < preview.archived <= 40
