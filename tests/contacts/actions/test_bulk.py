"""What bulk work does to people, whom it spares, and what taking it back leaves alone."""

import pytest
from django.utils import timezone

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts import ports
from contacts.actions import bulk, job_work, jobs, subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, JobKind, JobState, SubscriptionState, SuppressionReason
from contacts.models import ConsentRecord, Contact, Preference, Subscription, Suppression, Tag, Tagging, Topic
from sending.actions import evidence
from sending.enums import DeliveryState
from tests.sending import ledger


@pytest.fixture
def topic(organization):
    with tenant_scope(organization):
        return Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")


def crowd(organization, *names):
    with tenant_scope(organization):
        return [
            Contact.objects.create(
                organization=organization, address=f"{n}@x.example", address_key=f"{n}@x.example", domain="x.example"
            )
            for n in names
        ]


def done(organization, kind, people, what, actor=None, title="Work: 3 people"):
    with tenant_scope(organization):
        job = jobs.start(
            organization=organization,
            kind=kind,
            title=title,
            people={"ids": [person.pk for person in people]},
            what=what,
            actor=actor,
        )
        return job_work.at_once(job=job)


def taken_back(organization, job, actor=None):
    with tenant_scope(organization):
        return job_work.at_once(job=jobs.undo(job=job, actor=actor))


def stands(contact):
    with tenant_scope(contact.organization):
        row = Subscription.objects.filter(contact=contact).first()
    return row and SubscriptionState(row.state)


def test_subscribing_records_the_consent_and_spares_who_left(organization, topic, marketer):
    new, left, pending, joined = people = crowd(organization, "new", "left", "pending", "joined")
    with tenant_scope(organization):
        for person, state in ((left, 3), (pending, 2), (joined, 1)):
            Subscription.objects.create(
                organization=organization, contact=person, topic=topic, state=state, changed_at=timezone.now()
            )
    words = bulk.statement(basis="consent", source=" Fair ", wording="Yes please")
    job = done(
        organization,
        JobKind.SUBSCRIBE,
        people,
        {"topic": topic.pk, "wording": words, "date": "2026-05-12"},
        actor=marketer,
    )
    assert (job.state, job.done, job.changed) == (JobState.DONE, 4, 1)
    assert [stands(person) for person in people] == [1, 3, 2, 1]
    assert [one["id"] for one in job.problems] == [left.pk, pending.pk]
    with tenant_scope(organization):
        record = ConsentRecord.objects.get()
        assert (record.contact_id, record.topic_id, record.action, record.source) == (
            new.pk,
            topic.pk,
            "subscribed",
            "manual",
        )
        assert record.wording == "They asked for it (consent). Fair: Yes please"
        assert (record.at.isoformat(), record.actor) == ("2026-05-12T00:00:00+00:00", marketer)
        assert record.about == f"job {job.public_id}"


def test_subscribing_spares_who_is_listed_by_a_wish_and_says_how_many(organization, topic):
    people = crowd(organization, "new", "left_all", "blocked", "left_here", "left_there", "full", "lifted", "left")
    _new, left_all, blocked, left_here, left_there, full, lifted, left = people
    with tenant_scope(organization):
        other = Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="Offers")
        subscriptions.unsubscribe_all(contact=left_all, statement=Statement(ConsentSource.PAGE))
        for person, reason, of in (
            (blocked, "manual", None),
            (left_here, "unsubscribed", topic),
            (left_there, "unsubscribed", other),
            (full, "bounced", None),
        ):
            suppressions.suppress(
                organization=organization,
                address=person.address_key,
                reason=SuppressionReason(reason),
                source="member",
                topic=of,
            )
        Suppression.objects.create(
            organization=organization,
            address_key=lifted.address_key,
            reason="unsubscribed",
            source="page",
            lifted_at=timezone.now(),
        )
        subscriptions.unsubscribe(contact=left, topic=topic, statement=Statement(ConsentSource.PAGE))
    what = {"topic": topic.pk, "wording": "W", "date": "2026-05-12"}
    job = done(organization, JobKind.SUBSCRIBE, people, what)
    assert [stands(person) for person in people] == [1, None, None, None, 1, 1, 1, 3]
    assert (job.changed, job.what["left"], job.what["listed"]) == (4, 1, 3)
    assert {one["id"]: one["why"] for one in job.problems} == {
        left_all.pk: bulk.IS_LISTED,
        blocked.pk: bulk.IS_LISTED,
        left_here.pk: bulk.IS_LISTED,
        left.pk: bulk.HAD_LEFT,
    }


def test_taking_a_subscription_back_spares_who_acted_since(organization, topic):
    ann, bob, cid = people = crowd(organization, "ann", "bob", "cid")
    job = done(organization, JobKind.SUBSCRIBE, people, {"topic": topic.pk, "wording": "W", "date": "2026-05-12"})
    with tenant_scope(organization):
        said = Statement(ConsentSource.PAGE)
        subscriptions.unsubscribe(contact=bob, topic=topic, statement=said)
        subscriptions.unsubscribe(contact=cid, topic=topic, statement=said)
        subscriptions.resubscribe(contact=cid, topic=topic, statement=said)
    back = taken_back(organization, job)
    assert back.changed == 1
    assert [stands(person) for person in people] == [None, 3, 1]
    with tenant_scope(organization):
        assert ConsentRecord.objects.filter(contact=ann).latest("pk").action == "reverted"


def test_an_archived_topic_is_refused(organization, topic):
    people = crowd(organization, "ann")
    with tenant_scope(organization):
        Topic.objects.update(archived_at=timezone.now())
        job = jobs.start(
            organization=organization,
            kind=JobKind.SUBSCRIBE,
            title="x",
            people={"ids": [people[0].pk]},
            what={"topic": topic.pk, "wording": "W", "date": "2026-05-12"},
            actor=None,
        )
    job_work.run(organization_id=organization.pk, job_id=job.pk)
    with tenant_scope(organization):
        job.refresh_from_db()
    assert (job.state, job.problem) == (JobState.FAILED, "The topic is archived or gone.")


def test_suppressing_keeps_the_first_evidence_and_lifts_only_its_own(organization, owner):
    ann, bob = people = crowd(organization, "ann", "bob")
    with tenant_scope(organization):
        Suppression.objects.create(
            organization=organization, address_key=ann.address_key, reason="manual", source="x", evidence="first"
        )
    job = done(organization, JobKind.SUPPRESS, people, {"reason": "manual", "evidence": "second"}, actor=owner)
    assert job.changed == 1
    with tenant_scope(organization):
        assert dict(Suppression.objects.values_list("address_key", "evidence")) == {
            ann.address_key: "first",
            bob.address_key: "second",
        }
    taken_back(organization, job, actor=owner)
    with tenant_scope(organization):
        assert Suppression.objects.get(lifted_at=None).evidence == "first"
        assert Suppression.objects.exclude(lifted_at=None).get().lifted_why == "Take back: Work: 3 people"


def test_an_entry_stays_when_a_server_or_a_report_said_the_same_since(organization, owner):
    ann, bob, cid = people = crowd(organization, "ann", "bob", "cid")
    dead = done(organization, JobKind.SUPPRESS, [ann, bob], {"reason": "invalid", "evidence": "a call"}, actor=owner)
    spam = done(organization, JobKind.SUPPRESS, people, {"reason": "complained", "evidence": "a call"}, actor=owner)
    with tenant_scope(organization):
        send = ledger.mailing(organization, audience_size=2)
        ledger.delivery(send, contact=ann, state=DeliveryState.BOUNCED)
        told = ledger.delivery(send, contact=cid)
        assert evidence.complained(delivery_id=told.pk, kind="abuse", agent="theirs")
    for job in (dead, spam):
        taken_back(organization, job, actor=owner)
    with tenant_scope(organization):
        assert set(Suppression.objects.filter(lifted_at=None).values_list("address_key", "reason")) == {
            (ann.address_key, "invalid"),
            (cid.address_key, "complained"),
        }


def test_archiving_and_back_for_those_who_were_not(organization):
    ann, bob = people = crowd(organization, "ann", "bob")
    with tenant_scope(organization):
        Contact.objects.filter(pk=ann.pk).update(archived_at=timezone.now())
    job = done(organization, JobKind.ARCHIVE, people, {})
    assert job.changed == 1
    taken_back(organization, job)
    with tenant_scope(organization):
        assert list(Contact.objects.filter(archived_at=None)) == [bob]
    job = done(organization, JobKind.RESTORE, people, {})
    assert job.changed == 1
    taken_back(organization, job)
    with tenant_scope(organization):
        assert list(Contact.objects.exclude(archived_at=None)) == [ann]


def test_deleting_spares_whoever_has_mail(organization, topic, monkeypatch):
    ann, bob = people = crowd(organization, "ann", "bob")
    with tenant_scope(organization):
        tag = Tag.objects.create(organization=organization, name="VIP")
        Tagging.objects.create(organization=organization, tag=tag, contact=ann)
        Preference.objects.create(organization=organization, contact=ann)
        Subscription.objects.create(
            organization=organization, contact=ann, topic=topic, state=1, changed_at=timezone.now()
        )
        ConsentRecord.objects.create(
            organization=organization,
            contact=ann,
            action="subscribed",
            at=timezone.now(),
            source="form",
            ip="192.0.2.1",
        )
        Suppression.objects.create(organization=organization, address_key=ann.address_key, reason="manual", source="x")
    monkeypatch.setattr("contacts.ports.mail.mailed", lambda *, ids: {bob.pk} & set(ids))
    job = done(organization, JobKind.DELETE, people, {})
    assert (job.what, job.changed, jobs.may_undo(job)) == ({"deleted": 1, "archived": 1}, 2, False)
    with tenant_scope(organization):
        assert Contact.objects.get().archived_at is not None
        assert not Subscription.objects.exists()
        assert ConsentRecord.objects.get().ip is None
        assert Suppression.objects.filter(lifted_at=None).count() == 1


def test_the_ledger_says_who_was_mailed(organization):
    ann, bob = crowd(organization, "ann", "bob")
    with tenant_scope(organization):
        ledger.delivery(ledger.mailing(organization), contact=ann, state=DeliveryState.SUPPRESSED)
        assert ports.mail.mailed(ids=[ann.pk, bob.pk]) == {ann.pk}
