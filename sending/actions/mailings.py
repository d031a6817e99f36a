"""Launches and what a person may do to one that runs: freeze the audience, hold, release, cancel, try again.

Policy: after `sealed_at` no row is inserted or deleted; every move of a row writes its tallies and its event in the same
transaction, so the sum of the parts is the audience at every moment. The relay asks for `hold` before each final dot.
"""

from typing import Any, Protocol

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.actions import removal
from sending.actions import streams
from sending.enums import Bucket, DeliveryState, EventKind, Hold, Reason, StreamKind
from sending.errors import Refused
from sending.models import Delivery, Lane, Letter, Mailing
from sending.queries import mailings as ledger

BATCH = 5_000  # rows of one cancelling transaction: short enough for the relay not to notice
NEWS_CHANNEL = "posthouse_mail"


class Audience(Protocol):
    """A SELECT of contact_id bigint, address text, domain text, reason text (NULL: may be sent)."""

    @property
    def text(self) -> str: ...

    @property
    def params(self) -> tuple[Any, ...]: ...


def open_(*, organization: Organization, letter: Letter, topic_id: int | None, name: str) -> Mailing:
    """A marketing mailing that has its content and no audience yet. The relay sees nothing of it until it is sealed."""
    return Mailing.objects.create(
        organization=organization,
        stream=streams.ensure(organization=organization, kind=StreamKind.MARKETING),
        letter=letter,
        topic_id=topic_id,
        name=name,
    )


@transaction.atomic
def seal(*, mailing: Mailing, audience: Audience) -> int:
    """Freeze the audience: one delivery a person, the ones to be skipped included, and the first tallies. Gives its size.

    One statement in one transaction: all of it stands or nothing. Sealing again changes nothing.
    """
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if mailing.sealed_at is not None:
        return mailing.audience_size or 0
    now = timezone.now()
    # Whoever is in the audience is not removed before their rows stand, and who was removed before is not in it.
    removal.hold_people(organization_id=mailing.organization_id, alone=False)
    with connection.cursor() as cursor:
        # The audience is one snapshot for the lanes, the rows and the tallies: read twice, it might differ.
        # Compiling to machine code costs more here than it saves.
        cursor.execute("SET LOCAL work_mem = '128MB'; SET LOCAL jit = off")
        cursor.execute(
            f"""
            WITH audience AS MATERIALIZED ({audience.text}),
            lane AS (
                INSERT INTO sending_lane (organization_id, mailing_id, domain, priority, open)
                SELECT %s, %s, domain, 0, bool_or(reason IS NULL) FROM audience GROUP BY domain
                RETURNING id, domain
            ),
            start AS (
                INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
                SELECT %s, %s, 0, '', CASE WHEN reason IS NULL THEN %s ELSE %s END, -1, count(*), %s
                FROM audience GROUP BY reason IS NULL
            )
            INSERT INTO sending_delivery (organization_id, mailing_id, contact_id, occasion, lane_id, address, state,
                                          variant, attempts, due_at, relay_id, reason, code, provider, created_at, changed_at)
            SELECT %s, %s, a.contact_id, 0, lane.id, a.address, CASE WHEN a.reason IS NULL THEN %s ELSE %s END,
                   0, 0, %s, NULL, coalesce(a.reason, ''), '', '', %s, %s
            FROM audience a JOIN lane ON lane.domain = a.domain
            """,
            [
                *audience.params,
                *(mailing.organization_id, mailing.pk),
                *(mailing.organization_id, mailing.pk, Bucket.ON_ITS_WAY, Bucket.SUPPRESSED, now),
                *(mailing.organization_id, mailing.pk, DeliveryState.QUEUED, DeliveryState.SUPPRESSED, now, now, now),
            ],
        )
        size = int(cursor.rowcount)
    mailing.audience_size, mailing.sealed_at = size, now
    mailing.save(update_fields=["audience_size", "sealed_at"])
    tell_relays()
    return size


def discard(*, mailing: Mailing) -> None:
    """Take back a mailing that was never sealed, with its letter. Refused once it is sealed."""
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if mailing.sealed_at is not None:
        raise Refused("This send has begun and cannot be taken back. Cancel it instead.")
    letter = mailing.letter
    mailing.delete()
    if letter is not None:
        letter.delete()


def hold(*, mailing: Mailing, hold: Hold) -> None:
    """Let nothing more of it leave, from the next final dot on."""
    Mailing.objects.filter(pk=mailing.pk).update(hold=hold, held_at=timezone.now())


def release(*, mailing: Mailing) -> None:
    """Let it go on. A cancelled mailing stays held."""
    Mailing.objects.filter(pk=mailing.pk).exclude(hold=Hold.CANCELLED).update(hold=None, held_at=None)
    tell_relays()


@transaction.atomic
def cancel_some(*, mailing: Mailing, limit: int = BATCH) -> int:
    """Move up to `limit` waiting rows of a cancelled mailing to CANCELLED; gives how many. 0: nothing waits any more.

    Rows that a relay holds at this moment are refused their final dot and come back for a later call.
    """
    if not Mailing.objects.filter(pk=mailing.pk, hold=Hold.CANCELLED).exists():
        raise Refused("Only a cancelled send can be cleared away.")
    return move(
        mailing_id=mailing.pk,
        which="""
            SELECT d.* FROM sending_lane l
            CROSS JOIN LATERAL (
                SELECT id, organization_id, variant, provider, state, attempts FROM sending_delivery
                WHERE lane_id = l.id AND state IN (%s, %s) LIMIT %s FOR UPDATE SKIP LOCKED
            ) d
            WHERE l.mailing_id = %s LIMIT %s
        """,
        params=[DeliveryState.QUEUED, DeliveryState.DEFERRED, limit, mailing.pk, limit],
        state=DeliveryState.CANCELLED,
        bucket=Bucket.CANCELLED,
        reason=Reason.CANCELLED,
        kind=EventKind.CANCELLED,
    )


def retry_now(*, delivery: Delivery, actor: User) -> bool:
    """Try a message that waits for its next attempt at once; False when it waits no longer."""
    moved = Delivery.objects.filter(pk=delivery.pk, state__in=(DeliveryState.DEFERRED, DeliveryState.QUEUED)).update(
        due_at=timezone.now()
    )
    if moved:
        audit.record(organization=delivery.organization, actor=actor, verb="sending.delivery_hurried", target=delivery)
        tell_relays()
    return bool(moved)


@transaction.atomic
def send_again(*, delivery: Delivery, actor: User) -> bool:
    """Queue a message again that failed by our fault or is unconfirmed; False when it is neither (any more).

    An unconfirmed one may then arrive twice: the person who asks has been told.
    """
    mailing = Mailing.objects.select_for_update().get(pk=delivery.mailing_id)
    if mailing.hold == Hold.CANCELLED:
        raise Refused("This send was cancelled. Nothing of it is sent any more.")
    moved = move(
        mailing_id=mailing.pk,
        which="""
            SELECT id, organization_id, variant, provider, state, attempts FROM sending_delivery
            WHERE id = %s AND state IN (%s, %s) FOR UPDATE
        """,
        params=[delivery.pk, DeliveryState.FAILED, DeliveryState.IN_DOUBT],
        state=DeliveryState.QUEUED,
        bucket=None,
        reason=None,
        kind=EventKind.REQUEUED,
    )
    if moved:
        Lane.objects.filter(pk=delivery.lane_id).update(open=True)
        Mailing.objects.filter(pk=mailing.pk).update(finished_at=None)
        audit.record(organization=delivery.organization, actor=actor, verb="sending.delivery_requeued", target=delivery)
        tell_relays()
    return bool(moved)


@transaction.atomic
def finish(*, mailing: Mailing) -> bool:
    """Note that nothing of it is open any more; False when something is.

    Looks under the lock that `send_again` takes: what came back a moment ago must not be left in a closed lane.
    """
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if ledger.has_open(mailing):
        return False
    Mailing.objects.filter(pk=mailing.pk, finished_at=None).update(finished_at=timezone.now())
    Lane.objects.filter(mailing_id=mailing.pk, open=True).update(open=False)
    return True


def tell_relays() -> None:
    """Wake the relays once this transaction is committed. They look by themselves as well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [NEWS_CHANNEL])


def move(
    *,
    mailing_id: int,
    which: str,
    params: list[Any],
    state: DeliveryState,
    bucket: Bucket | None,
    reason: Reason | None,
    kind: EventKind,
) -> int:
    """Move rows, and write their tallies and events, in one statement. `bucket` None: by the row's finished tries.

    `which` locks the rows and gives them as they are once locked: a snapshot's older values would spoil the sums. The event
    is dated by the clock and not by the transaction's beginning, before which the relay may have written another one.
    """
    before = f"""CASE
        WHEN was.state = {DeliveryState.IN_DOUBT:d} THEN {Bucket.IN_DOUBT:d}
        WHEN was.state = {DeliveryState.FAILED:d} THEN {Bucket.FAILED:d}
        WHEN was.state = {DeliveryState.DEFERRED:d} OR was.attempts > 0 THEN {Bucket.RETRYING:d}
        ELSE {Bucket.ON_ITS_WAY:d} END"""
    after = (
        f"CASE WHEN was.attempts > 0 THEN {Bucket.RETRYING:d} ELSE {Bucket.ON_ITS_WAY:d} END"
        if bucket is None
        else f"{bucket:d}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH was AS MATERIALIZED ({which}),
            moved AS (
                UPDATE sending_delivery d SET state = %s, reason = coalesce(%s, ''), relay_id = NULL, changed_at = now(),
                    due_at = CASE WHEN %s THEN now() ELSE d.due_at END
                FROM was WHERE d.id = was.id RETURNING d.id
            ),
            tallied AS (
                INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
                SELECT organization_id, %s, variant, provider, x.kind, -1, sum(x.n), now()
                FROM was JOIN moved USING (id)
                CROSS JOIN LATERAL (VALUES ({before}, -1), ({after}, 1), ({kind:d}, 1)) x (kind, n)
                GROUP BY 1, 3, 4, 5 HAVING sum(x.n) <> 0
            ),
            logged AS (
                INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, variant, provider)
                SELECT clock_timestamp(), organization_id, %s, id, {kind:d}, variant, provider
                FROM was JOIN moved USING (id)
            )
            SELECT count(*) FROM moved
            """,
            [*params, state, reason, state == DeliveryState.QUEUED, mailing_id, mailing_id],
        )
        return int(cursor.fetchone()[0])
