"""Failed and unconfirmed messages are sent again by choice: every one once, whoever is killed, and the sum always holds."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts.models import AuditEntry, Organization, User
from accounts.tenancy import cross_tenant, tenant_scope
from reputation.queries import totals
from sending import tasks
from sending.actions import evidence, mailings, retries
from sending.enums import BarPart, DeliveryState, EventKind, Hold
from sending.errors import Refused
from sending.models import Delivery, Event, Lane, Mailing, Retry
from sending.queries import retries as reading
from tests.sending import ledger

FAILED, IN_DOUBT, QUEUED = int(DeliveryState.FAILED), int(DeliveryState.IN_DOUBT), int(DeliveryState.QUEUED)
MERGE, LOST, CUT = (FAILED, "merge", ""), (FAILED, "content_lost", "gmail"), (IN_DOUBT, "relay_lost", "gmail")


def rows(send: Mailing, group: tuple[int, str, str], count: int) -> list[Delivery]:
    state, reason, provider = group
    start = Delivery.objects.filter(mailing=send).count()
    return [
        ledger.delivery(
            send,
            contact=ledger.contact(send.organization, f"p{send.pk}-{start + n}@{'ab'[n % 2]}.example"),
            state=DeliveryState(state),
            reason=reason,
            provider=provider,
            attempts=1,
        )
        for n in range(count)
    ]


def adds_up(send: Mailing) -> Counter[int]:
    """The states of the rows, which must be what the tallies say."""
    counts = totals.of_mailing(send.pk)
    states = Counter(Delivery.objects.filter(mailing=send).values_list("state", flat=True))
    assert counts.audience == sum(states.values())
    parts = counts.parts
    assert parts[BarPart.NEEDS_YOU] == states[FAILED] + states[IN_DOUBT]
    assert parts[BarPart.RETRYING] + parts[BarPart.ON_ITS_WAY] == states[QUEUED]
    assert parts[BarPart.DELIVERED] == states[DeliveryState.DELIVERED]
    return states


def requeued(send: Mailing) -> Counter[int]:
    """How often each message was put into the queue again."""
    kind = int(EventKind.REQUEUED)
    return Counter(Event.objects.filter(mailing_id=send.pk, kind=kind).values_list("delivery_id", flat=True))


@pytest.fixture
def send(organization: Organization) -> Mailing:
    """Seven failed in the merge, three by lost content, four are unconfirmed, two arrived; finished, with closed lanes."""
    with tenant_scope(organization):
        made = ledger.mailing(organization, finished_at=timezone.now())
        for group, count in ((MERGE, 7), (LOST, 3), (CUT, 4), ((int(DeliveryState.DELIVERED), "", "gmail"), 2)):
            rows(made, group, count)
        Lane.objects.update(open=False)
        Mailing.objects.filter(pk=made.pk).update(audience_size=16)
        return Mailing.objects.get(pk=made.pk)


def order(send: Mailing, actor: User | None, *groups: tuple[int, str, str]) -> Retry:
    made = retries.order(mailing=send, groups=groups, actor=actor)
    assert made is not None
    return made


def test_the_groups_are_by_reason_and_provider(scoped: Organization, send: Mailing) -> None:
    assert [(group.key, group.messages) for group in reading.groups(send)] == [(MERGE, 7), (LOST, 3), (CUT, 4)]


def test_only_what_was_chosen_is_sent_again_and_the_sum_holds_after_each_batch(
    organization: Organization, send: Mailing, marketer: User
) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, MERGE, CUT)
        assert (retry.total, retry.moved) == (11, 0)
        assert Mailing.objects.get(pk=send.pk).finished_at is None and mailings.ledger.has_open(send)
    seen = []
    more = True
    while more:
        with tenant_scope(organization):
            more = retries.step(retry_id=retry.pk, size=4)
            states = adds_up(send)
            retry = Retry.objects.get(pk=retry.pk)
            assert states[QUEUED] == retry.moved
            seen.append(retry.moved)
    assert seen == [4, 7, 9, 11]
    with tenant_scope(organization):
        assert retry.ended_at is not None and not retry.stopped
        assert states == {QUEUED: 11, FAILED: 3, DeliveryState.DELIVERED: 2}
        assert set(Delivery.objects.filter(state=FAILED).values_list("reason", flat=True)) == {"content_lost"}
        assert set(requeued(send).values()) == {1} and len(requeued(send)) == 11
        waiting = set(Delivery.objects.filter(state=QUEUED).values_list("lane_id", flat=True))
        assert waiting == set(Lane.objects.filter(open=True).values_list("pk", flat=True))
        verbs = AuditEntry.objects.filter(verb__startswith="sending.retry").order_by("pk")
        assert [(entry.verb, entry.actor) for entry in verbs] == [
            ("sending.retry_ordered", marketer),
            ("sending.retry_done", None),
        ]
        assert retries.step(retry_id=retry.pk) is False


def test_two_presses_make_one(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        order(send, marketer, MERGE)
        assert retries.order(mailing=send, groups=[MERGE, LOST], actor=marketer) is None
        assert Retry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_make_one(organization: Organization, send: Mailing, marketer: User) -> None:
    made: list[Retry | None] = []
    gate = threading.Barrier(2)

    def press() -> None:
        gate.wait(timeout=10)
        with tenant_scope(organization):
            made.append(retries.order(mailing=send, groups=[MERGE], actor=marketer))

    at_once(press, press)
    with tenant_scope(organization):
        assert Retry.objects.count() == 1 and sorted(retry is None for retry in made) == [False, True]


def test_what_fails_anew_waits_for_another_choice(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, MERGE)
        retries.step(retry_id=retry.pk, size=3)
        first = Delivery.objects.filter(state=QUEUED).order_by("pk").first()
    with tenant_scope(organization):  # later: it fails again, before the order is through
        evidence._move(first, DeliveryState.FAILED, code="", reason="merge")
        Retry.objects.filter(pk=retry.pk).update(after=0)  # even if somebody began anew
    with tenant_scope(organization):
        while retries.step(retry_id=retry.pk, size=3):
            pass
        assert requeued(send)[first.pk] == 1 and set(requeued(send).values()) == {1}
        assert Delivery.objects.get(pk=first.pk).state == FAILED
        adds_up(send)
        assert next((group.key, group.messages) for group in reading.groups(send)) == (LOST, 3)
        again = order(send, marketer, MERGE)
        assert again.total == 1


def test_what_was_settled_meanwhile_is_left_alone(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, CUT)
        arrived = Delivery.objects.filter(state=IN_DOUBT).first()
        evidence.arrived(delivery_id=arrived.pk, text="They opened it.")
        assert retries.step(retry_id=retry.pk) is False
        retry.refresh_from_db()
        assert (retry.total, retry.moved) == (4, 3) and arrived.pk not in requeued(send)
        adds_up(send)


def test_a_cancelled_send_sends_nothing_again(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, MERGE)
        retries.step(retry_id=retry.pk, size=2)
        mailings.hold(mailing=send, hold=Hold.CANCELLED)
        assert retries.step(retry_id=retry.pk, size=2) is False
        retry.refresh_from_db()
        assert retry.stopped and retry.moved == 2
        while mailings.cancel_some(mailing=send):
            pass
        assert mailings.finish(mailing=send) is True
        assert adds_up(send)[DeliveryState.CANCELLED] == 2
        with pytest.raises(Refused, match="was cancelled"):
            retries.order(mailing=send, groups=[MERGE], actor=marketer)


def test_stopping_leaves_what_is_in_the_queue(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, MERGE)
        retries.step(retry_id=retry.pk, size=2)
        assert retries.stop(mailing=send, actor=marketer) is True
        assert retries.stop(mailing=send, actor=marketer) is False
        assert retries.step(retry_id=retry.pk) is False
        assert adds_up(send)[QUEUED] == 2
        assert reading.at_work(send.pk) is None and reading.last(send.pk).ordered_by == marketer


@pytest.mark.parametrize(
    "groups", [[], [(FAILED, "merge", "elsewhere")], [(int(DeliveryState.DELIVERED), "", "gmail")]]
)
def test_nothing_to_send_again_is_refused(
    organization: Organization, send: Mailing, marketer: User, groups: Any
) -> None:
    with tenant_scope(organization), pytest.raises(Refused, match="Nothing of what you chose"):
        retries.order(mailing=send, groups=groups, actor=marketer)


def test_a_batch_that_breaks_leaves_nothing_and_is_redone(
    organization: Organization, send: Mailing, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(**_: Any) -> None:
        raise RuntimeError("killed")

    with tenant_scope(organization):
        retry = order(send, marketer, MERGE, LOST, CUT)
        retries.step(retry_id=retry.pk, size=3)
        before = adds_up(send)
        with monkeypatch.context() as broken:
            broken.setattr(mailings, "tell_relays", break_down)
            with pytest.raises(RuntimeError, match="killed"):
                retries.step(retry_id=retry.pk, size=3)
        assert adds_up(send) == before
        while retries.step(retry_id=retry.pk, size=3):
            adds_up(send)
        assert adds_up(send)[QUEUED] == 14 and set(requeued(send).values()) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_a_batch_loses_nothing_and_doubles_nothing(
    organization: Organization, send: Mailing, marketer: User
) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, MERGE, LOST, CUT)
    with tenant_scope(organization):
        retries.step(retry_id=retry.pk, size=3)
    moved, looked = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def worker() -> None:
        try:
            with tenant_scope(organization):
                retries.step(retry_id=retry.pk, size=3)
                moved.set()
                assert looked.wait(10)
                connection.connection.pgconn.finish()  # as when its process dies: the line is gone, nothing is committed
        except (OperationalError, InterfaceError, psycopg.Error) as error:
            errors.append(error)

    def another() -> None:
        assert moved.wait(10)
        with tenant_scope(organization):
            assert retries.step(retry_id=retry.pk, size=3) is False  # the row is the other worker's: it is left alone
        looked.set()

    at_once(worker, another)
    assert errors
    with tenant_scope(organization):
        assert adds_up(send)[QUEUED] == 3
    with cross_tenant("the test sweeps"):
        assert (organization.pk, retry.pk) in reading.waiting()
    tasks.retry(organization.pk, retry.pk)
    with tenant_scope(organization):
        assert adds_up(send)[QUEUED] == 14 and set(requeued(send).values()) == {1}
        assert Retry.objects.get().moved == 14


def test_wake_ups_do_not_pile_up_before_a_long_import(
    organization: Organization, send: Mailing, marketer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes to one of them after the next sweep forgets it."""
    with tenant_scope(organization):
        order(send, marketer, MERGE)
    woken: list[Any] = []
    monkeypatch.setattr(tasks.retry, "apply_async", lambda *given, **options: woken.append(options))
    tasks.sweep_retries()
    assert [options["expires"] for options in woken] == [settings.CELERY_BEAT_SCHEDULE["sweep retries"]["schedule"]]


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_order_double_nothing(organization: Organization, send: Mailing, marketer: User) -> None:
    with tenant_scope(organization):
        retry = order(send, marketer, MERGE, LOST, CUT)

    def worker() -> None:
        for _ in range(30):
            with tenant_scope(organization):
                retries.step(retry_id=retry.pk, size=1)

    at_once(worker, worker)
    with tenant_scope(organization):
        assert adds_up(send)[QUEUED] == 14 and set(requeued(send).values()) == {1}


def at_once(*works: Callable[[], None]) -> None:
    def run(work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as several:
        list(several.map(run, works, timeout=30))
