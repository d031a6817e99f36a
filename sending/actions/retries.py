"""Send a choice of failed and unconfirmed messages of a mailing again, batch by batch.

Policy: each batch is one transaction that locks the order and moves rows, so a killed worker loses one batch and doubles
nothing, and whoever takes up the order goes on where it stopped. An order goes through the messages once, in the order of their
ids, and takes what has stood as it was chosen since it was ordered: what fails anew waits for another choice. One order a
mailing at a time. Nothing of a cancelled mailing is sent again.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from sending.actions import mailings
from sending.enums import DeliveryState, EventKind, Hold
from sending.errors import Refused
from sending.models import Mailing, Retry
from sending.queries import retries as reading

BATCH = 5_000


@transaction.atomic
def order(*, mailing: Mailing, groups: Collection[tuple[int, str, str]], actor: User) -> Retry | None:
    """Have the messages of these groups (state, reason, provider) sent again; None when an order is at work already.

    Unconfirmed ones may then arrive twice: the person who asks has been told. Raises Refused when there is nothing to send.
    Wake a worker after the commit (`sending.tasks.retry`).
    """
    mailing = Mailing.objects.select_for_update(of=("self",)).select_related("organization").get(pk=mailing.pk)
    if mailing.hold == Hold.CANCELLED:
        raise Refused("This send was cancelled. Nothing of it is sent any more.")
    if mailing.sealed_at is None or reading.at_work(mailing.pk) is not None:
        return None
    wanted = [[state, reason, provider] for state, reason, provider in groups if state in reading.STATES]
    retry = Retry(
        organization_id=mailing.organization_id,
        mailing=mailing,
        groups=wanted,
        ordered_at=_now(),
        ordered_by=actor,
    )
    retry.total = reading.count(retry)
    if not retry.total:
        raise Refused("Nothing of what you chose stands there any more. Look again.")
    retry.save()
    Mailing.objects.filter(pk=mailing.pk).update(finished_at=None)
    audit.record(
        organization=mailing.organization,
        actor=actor,
        verb="sending.retry_ordered",
        target=mailing,
        data={"messages": retry.total, "groups": wanted[:50]},
    )
    return retry


@transaction.atomic
def step(*, retry_id: int, size: int = BATCH) -> bool:
    """One batch; False when there is nothing more to do, or another worker does it."""
    retry = (
        Retry.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization")
        .filter(pk=retry_id, ended_at=None)
        .first()
    )
    if retry is None:
        return False
    mailing = Mailing.objects.select_for_update().get(pk=retry.mailing_id)
    if mailing.hold == Hold.CANCELLED:
        _end(retry, stopped=True)
        return False
    ids = reading.stretch(retry, size=size)
    if ids:
        retry.moved += _move(retry, ids)
        retry.after = ids[-1]
        retry.save(update_fields=["moved", "after"])
    if len(ids) < size:
        _end(retry)
        return False
    return True


@transaction.atomic
def stop(*, mailing: Mailing, actor: User) -> bool:
    """Send no more of them again than have been; False when nothing is at work. Those that were are not called back."""
    retry = (
        Retry.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(mailing=mailing, ended_at=None)
        .first()
    )
    if retry is None:
        return False
    _end(retry, stopped=True, actor=actor)
    return True


def _move(retry: Retry, ids: list[int]) -> int:
    fits = reading.chosen(retry)
    moved = mailings.move(
        mailing_id=retry.mailing_id,
        which=f"""
            SELECT d.id, d.organization_id, d.variant, d.provider, d.state, d.attempts FROM sending_delivery d
            WHERE d.id = ANY(%s) AND {fits.text} ORDER BY d.id FOR UPDATE OF d
        """,
        params=[ids, *fits.params],
        state=DeliveryState.QUEUED,
        bucket=None,
        reason=None,
        kind=EventKind.REQUEUED,
    )
    if moved:
        with connection.cursor() as cursor:
            # Also those that look open: a relay may be closing them at this moment, by an older look.
            cursor.execute(
                """
                UPDATE sending_lane SET open = true WHERE id IN (
                    SELECT l.id FROM sending_lane l WHERE l.mailing_id = %s AND EXISTS (
                        SELECT FROM sending_delivery d WHERE d.lane_id = l.id AND d.state IN (%s, %s)
                    ) ORDER BY l.id FOR UPDATE)
                """,
                [retry.mailing_id, DeliveryState.QUEUED, DeliveryState.DEFERRED],
            )
        mailings.tell_relays()
    return moved


def _now() -> datetime:
    """By the clock that dates the rows: another computer's may be ahead of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def _end(retry: Retry, *, stopped: bool = False, actor: User | None = None) -> None:
    retry.ended_at, retry.stopped = timezone.now(), stopped
    retry.save(update_fields=["ended_at", "stopped"])
    audit.record(
        organization=retry.organization,
        actor=actor,
        verb="sending.retry_stopped" if stopped else "sending.retry_done",
        target=retry,
        data={"messages": retry.moved, "of": retry.total},
    )
