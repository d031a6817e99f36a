"""An import beside what else goes on: a launch that freezes its audience, another import, people who act meanwhile."""

import threading
from datetime import date

import pytest
from django.db import connection

from accounts.models import Brand
from accounts.tenancy import tenant_scope
from contacts.actions import import_undo, import_work, imports, subscriptions
from contacts.actions.imports import Consent
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, ImportState, SubscriptionState
from contacts.models import ConsentRecord, Contact, Import, Subscription, Topic
from contacts.queries import audience
from sending.actions import mailings
from sending.models import Delivery
from tests.contacts.actions.test_import_work import applied, upload
from tests.sending import ledger

pytestmark = pytest.mark.django_db(transaction=True)
WITHIN = 20.0  # seconds


class Aside(threading.Thread):
    """Does something on a connection of its own; what went wrong is raised by `end`."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.trouble = work, None
        self.start()

    def run(self):
        try:
            self.work()
        except BaseException as trouble:  # noqa: BLE001  (raised by end)
            self.trouble = trouble
        finally:
            connection.close()

    def end(self):
        self.join(WITHIN)
        assert not self.is_alive()
        if self.trouble is not None:
            raise self.trouble


def topic_of(organization):
    with tenant_scope(organization):
        return Topic.objects.create(organization=organization, brand=Brand.objects.get(), name="News")


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def until(holds):
    for _ in range(int(WITHIN * 50)):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("waited in vain")


def test_nobody_goes_whom_a_launch_has_just_read(organization):
    topic = topic_of(organization)
    with tenant_scope(organization):
        import_ = applied(organization, "Email\n" + "".join(f"p{i}@post.example\n" for i in range(20)), [topic])
        import_undo.start(import_=import_, actor=None)
        send = ledger.mailing(organization, topic_id=topic.pk)
        send.sealed_at = None
        send.save(update_fields=["sealed_at"])
    read, go_on = threading.Event(), threading.Event()

    def launch():
        with tenant_scope(organization):
            mailings.seal(mailing=send, audience=audience.select(organization=organization, topic=topic))
            read.set()
            assert go_on.wait(WITHIN)

    launching = Aside(launch)
    assert read.wait(WITHIN)
    undoing = Aside(lambda: import_work.run(organization_id=organization.pk, import_id=import_.pk))
    until(waits_for_a_lock)
    with tenant_scope(organization):
        assert Contact.objects.count() == 20
    go_on.set()
    launching.end()
    undoing.end()
    with tenant_scope(organization):
        assert Import.objects.get().state == ImportState.UNDONE
        assert Delivery.objects.count() == 20
        assert Contact.objects.exclude(archived_at=None).count() == 20, "they have mail in the ledger now"
        assert set(Delivery.objects.values_list("contact_id", flat=True)) == set(
            Contact.objects.values_list("pk", flat=True)
        )


def test_a_launch_in_the_middle_of_an_import_freezes_whole_people(organization, monkeypatch):
    topic = topic_of(organization)
    monkeypatch.setattr(import_work, "APPLY_BATCH", 50)
    with tenant_scope(organization):
        import_ = upload(organization, "Email\n" + "".join(f"p{i}@post.example\n" for i in range(500)))
        consent = Consent("consent", "Yes", "Shop", date(2026, 5, 1))
        imports.match_columns(
            import_=import_, matches=imports.as_guessed(import_), topics=[topic], consent=consent, actor=None
        )
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    with tenant_scope(organization):
        imports.approve(import_=import_, actor=None)
        send = ledger.mailing(organization, topic_id=topic.pk)
        send.sealed_at = None
        send.save(update_fields=["sealed_at"])
    applying = Aside(lambda: import_work.run(organization_id=organization.pk, import_id=import_.pk))

    def some():
        with tenant_scope(organization):
            return Import.objects.get().rows_applied > 0

    until(some)
    with tenant_scope(organization):
        size = mailings.seal(mailing=send, audience=audience.select(organization=organization, topic=topic))
    applying.end()
    with tenant_scope(organization):
        assert Import.objects.get().state == ImportState.APPLIED
        assert Delivery.objects.count() == size > 0
        assert Contact.objects.count() == Subscription.objects.count() == 500


def test_two_imports_of_the_same_people_in_another_order_do_not_wait_for_each_other_for_ever(organization, monkeypatch):
    monkeypatch.setattr(import_work, "APPLY_BATCH", 200)
    topic = topic_of(organization)
    people = [f"p{i}@post.example,City {i}\n" for i in range(2_000)]
    ready = []
    with tenant_scope(organization):
        for rows in (people, people[::-1]):
            import_ = upload(organization, "Email,City\n" + "".join(rows))
            consent = Consent("consent", "Yes", "Shop", date(2026, 5, 1))
            imports.match_columns(
                import_=import_, matches=imports.as_guessed(import_), topics=[topic], consent=consent, actor=None
            )
            ready.append(import_)
    for import_ in ready:
        import_work.run(organization_id=organization.pk, import_id=import_.pk)
        with tenant_scope(organization):
            imports.approve(import_=import_, actor=None)
    both = [
        Aside(lambda pk=import_.pk: import_work.run(organization_id=organization.pk, import_id=pk)) for import_ in ready
    ]
    for one in both:
        one.end()
    with tenant_scope(organization):
        assert set(Import.objects.values_list("state", flat=True)) == {ImportState.APPLIED}
        assert Contact.objects.count() == Subscription.objects.count() == ConsentRecord.objects.count() == 2_000
        assert sum(one.result.get("created", 0) for one in Import.objects.all()) == 2_000


def test_who_leaves_everything_while_the_batch_waits_for_them_is_not_subscribed(organization):
    topic = topic_of(organization)
    with tenant_scope(organization):
        applied(organization, "Email\nann@post.example\n")
        import_ = upload(organization, "Email,City\nann@post.example,Oslo\n")
        consent = Consent("consent", "Yes", "Shop", date(2026, 5, 1))
        imports.match_columns(
            import_=import_, matches=imports.as_guessed(import_), topics=[topic], consent=consent, actor=None
        )
    import_work.run(organization_id=organization.pk, import_id=import_.pk)
    with tenant_scope(organization):
        imports.approve(import_=import_, actor=None)
    left, go_on = threading.Event(), threading.Event()

    def leave():
        with tenant_scope(organization):
            subscriptions.unsubscribe_all(contact=Contact.objects.get(), statement=Statement(ConsentSource.PAGE))
            left.set()
            assert go_on.wait(WITHIN)

    leaving = Aside(leave)
    assert left.wait(WITHIN)
    applying = Aside(lambda: import_work.run(organization_id=organization.pk, import_id=import_.pk))
    until(waits_for_a_lock)
    go_on.set()
    leaving.end()
    applying.end()
    with tenant_scope(organization):
        assert Import.objects.order_by("-pk")[0].state == ImportState.APPLIED
        assert Contact.objects.get().values == {"city": "Oslo"}
        assert not Subscription.objects.filter(state=SubscriptionState.SUBSCRIBED).exists()
