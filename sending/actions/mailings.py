"""Launches and what a person may do to one that runs: freeze the audience, hold, release, cancel, try again.

Policy: after `sealed_at` no row is inserted or deleted; every move of a row writes its tallies and its event in the same
transaction, so the sum of the parts is the audience at every moment. The relay asks for `hold` before each final dot.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.actions import removal
from sending.actions import keenness, streams
from sending.enums import Bucket, DeliveryState, EventKind, Hold, Reason, StreamKind
from sending.errors import Refused
from sending.models import Delivery, Lane, Letter, Mailing, MailingVariant
from sending.queries import mailings as ledger
from sending.timing import Timing, everywhere

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


def add_variant(*, mailing: Mailing, variant: int, letter: Letter, hold: Hold | None = None) -> MailingVariant:
    """Another part of a mailing that is not sealed yet, with its letter; held: nothing of it leaves until it is released."""
    if mailing.sealed_at is not None:
        raise Refused("This send has begun: it cannot be divided any more.")
    return MailingVariant.objects.create(
        organization_id=mailing.organization_id, mailing=mailing, variant=variant, letter=letter, hold=hold
    )


@transaction.atomic
def seal(
    *,
    mailing: Mailing,
    audience: Audience,
    split: Sequence[tuple[int, float]] = (),
    timing: Timing | None = None,
    undo_until: datetime | None = None,
    keenest_first: bool = False,
) -> int:
    """Freeze the audience: one delivery a person, the ones to be skipped included, and the first tallies. Gives its size.

    `split`: (variant, share in per cent), ...; the others, and all who are skipped, are variant 0's. The shares are exact,
    rounded down, and who gets which is settled by a hash of mailing and contact. `timing`: when each may leave; None: now.
    `undo_until`: until then the whole mailing is held and can be taken back; the relay begins by itself at that moment.
    `keenest_first`: of those who may get it at the same time, who clicked or opened lately goes first: for new addresses, whose
    first messages should be welcome.

    One statement in one transaction: all of it stands or nothing. Sealing again changes nothing.
    """
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if mailing.sealed_at is not None:
        return mailing.audience_size or 0
    now = timezone.now()
    timing = timing or Timing(now)
    not_before = max(filter(None, (now, timing.not_before, undo_until)))
    # Whoever is in the audience is not removed before their rows stand, and who was removed before is not in it.
    removal.hold_people(organization_id=mailing.organization_id, alone=False)
    people, rank_params = _ranked(mailing, audience.text) if split else (f"({audience.text}) p", [])
    variant, variant_params = _variant_of(split)
    due, zone_join, due_params, zone_params = _due_of(mailing, timing, not_before)
    keen_join, order, keen_params = keenness.ordered(mailing) if keenest_first else ("", "", [])
    with connection.cursor() as cursor:
        # The audience is one snapshot for the lanes, the rows and the tallies: read twice, it might differ. Everybody has a lane
        # and every lane somebody; a full join is never made by nested loops, which PostgreSQL would choose for people who have
        # just been imported, of whom it has no statistics.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(
            f"""
            WITH audience AS MATERIALIZED (
                SELECT contact_id, address, domain, reason, {variant} AS variant FROM {people}
            ),
            lane AS (
                INSERT INTO sending_lane (organization_id, mailing_id, domain, variant, priority, open)
                SELECT %s, %s, domain, variant, 0, bool_or(reason IS NULL) FROM audience GROUP BY domain, variant
                RETURNING id, domain, variant
            ),
            start AS (
                INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
                SELECT %s, %s, variant, '', CASE WHEN reason IS NULL THEN %s ELSE %s END, -1, count(*), %s
                FROM audience GROUP BY variant, reason IS NULL
            )
            INSERT INTO sending_delivery (organization_id, mailing_id, contact_id, occasion, lane_id, address, state,
                                          variant, attempts, due_at, relay_id, reason, code, provider, created_at, changed_at)
            SELECT %s, %s, a.contact_id, 0, a.lane_id, a.address, CASE WHEN a.reason IS NULL THEN %s ELSE %s END,
                   a.variant, 0, due.at, NULL, coalesce(a.reason, ''), '', '', due.at, %s
            FROM (SELECT audience.*, lane.id AS lane_id FROM audience FULL JOIN lane USING (domain, variant) OFFSET 0) a
            {zone_join} {keen_join}
            CROSS JOIN LATERAL (SELECT {due} AS at) due {order}
            """,
            [
                *(*variant_params, *rank_params, *audience.params),
                *(mailing.organization_id, mailing.pk),
                *(mailing.organization_id, mailing.pk, Bucket.ON_ITS_WAY, Bucket.SUPPRESSED, now),
                *(mailing.organization_id, mailing.pk, DeliveryState.QUEUED, DeliveryState.SUPPRESSED, now),
                *(*zone_params, *keen_params, *due_params),
            ],
        )
        size = int(cursor.rowcount)
    mailing.audience_size, mailing.sealed_at = size, now
    if undo_until is not None and undo_until > now and mailing.hold is None:
        mailing.hold, mailing.held_at, mailing.held_until = Hold.UNDO, now, undo_until
    mailing.save(update_fields=["audience_size", "sealed_at", "hold", "held_at", "held_until"])
    tell_relays(at_once=True)
    return size


def _ranked(mailing: Mailing, audience: str) -> tuple[str, list[Any]]:
    """SQL of the audience with `rank`: how many per cent come before each, in an order that mailing and contact decide.

    Of those who may be sent to: the skipped would spoil the shares.
    """
    return (
        f"""(SELECT q.*, 100.0::float8 * row_number() OVER (
                PARTITION BY q.reason IS NULL ORDER BY hashint8extended(q.contact_id, %s), q.contact_id)
            / count(*) OVER (PARTITION BY q.reason IS NULL) AS rank FROM ({audience}) q) p""",
        [mailing.pk],
    )


def _variant_of(split: Sequence[tuple[int, float]]) -> tuple[str, list[Any]]:
    """SQL over the ranked audience `p`: the variant of each."""
    if not split:
        return "0", []
    if sum(share for _, share in split) > 100.0001:
        raise ValueError("the shares are more than the whole")
    cases, params, edge = [], [], 0.0
    for number, share in split:
        edge += share
        cases.append("WHEN rank <= %s THEN %s")
        params += [edge + 1e-9, number]
    return f"CASE WHEN reason IS NOT NULL THEN 0 {' '.join(cases)} ELSE 0 END", params


def _due_of(mailing: Mailing, timing: Timing, not_before: datetime) -> tuple[str, str, list[Any], list[Any]]:
    """SQL over the audience `a`: when each may leave, the joins that it needs, and the parameters of both."""
    base, join, zone_params = "%s::timestamptz", "", []
    params: list[Any] = [not_before]
    if timing.their_zones:
        moments = everywhere(timing.start, timing.zone)
        join = """JOIN contacts_contact person ON person.id = a.contact_id
            LEFT JOIN unnest(%s::text[], %s::timestamptz[]) zone (name, at)
                ON zone.name = lower(trim(person.values ->> 'time_zone'))"""
        zone_params = [list(moments), list(moments.values())]
        base = "coalesce(zone.at, %s)"
    params.append(timing.start)
    due = f"greatest(%s::timestamptz, {base})"
    if timing.delays:
        cases = " ".join("WHEN %s THEN %s::interval" for _ in timing.delays)
        due += f" + CASE a.variant {cases} ELSE interval '0' END"
        params += [value for pair in timing.delays.items() for value in pair]
    if timing.spread:
        # Another seed than the split's: the first of a test must not be the first of the spread.
        due += " + %s::interval * ((hashint8extended(a.contact_id, %s) & 1048575) / 1048576.0)"
        params += [timing.spread, -mailing.pk]
    return due, join, params, zone_params


def discard(*, mailing: Mailing) -> None:
    """Take back a mailing that was never sealed, with its letters. Refused once it is sealed."""
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if mailing.sealed_at is not None:
        raise Refused("This send has begun and cannot be taken back. Cancel it instead.")
    letters = set(MailingVariant.objects.filter(mailing=mailing).values_list("letter_id", flat=True))
    if mailing.letter_id is not None:
        letters.add(mailing.letter_id)
    mailing.delete()
    Letter.objects.filter(pk__in=letters).delete()


def hold(*, mailing: Mailing, hold: Hold) -> None:
    """Let nothing more of it leave, from the next final dot on."""
    Mailing.objects.filter(pk=mailing.pk).update(hold=hold, held_at=timezone.now(), held_until=None)


def release(*, mailing: Mailing) -> None:
    """Let it go on. A cancelled mailing stays held."""
    Mailing.objects.filter(pk=mailing.pk).exclude(hold=Hold.CANCELLED).update(hold=None, held_at=None, held_until=None)
    tell_relays(at_once=True)


def release_variant(*, mailing: Mailing, variant: int, letter: Letter | None = None) -> bool:
    """Let a held variant go, with another letter if one is given (a winner's); False when it went before."""
    released = MailingVariant.objects.filter(mailing_id=mailing.pk, variant=variant, hold=Hold.REST)
    changed = released.update(hold=None, released_at=timezone.now(), **({"letter": letter} if letter else {}))
    if changed:
        tell_relays(at_once=True)
    return bool(changed)


def let_go(*, mailing: Mailing) -> bool:
    """Lift the hold UNDO when its time is over, as the relay does by itself. False: it may still be taken back.

    Whoever lifts it and whoever takes the launch back lock the same row: one of them is first, and the other one sees it.
    """
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if mailing.hold != Hold.UNDO:
        return True
    if mailing.held_until is not None and mailing.held_until > timezone.now():
        return False
    release(mailing=mailing)
    return True


@transaction.atomic
def take_back(*, mailing: Mailing) -> bool:
    """Stop a sealed launch of which nothing has left; False when its window is over. The rows follow by `cancel_some`."""
    mailing = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if mailing.hold != Hold.UNDO:
        return False
    hold(mailing=mailing, hold=Hold.CANCELLED)
    return True


@transaction.atomic
def cancel_some(*, mailing: Mailing, limit: int = BATCH, reason: Reason = Reason.CANCELLED) -> int:
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
        reason=reason,
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


def tell_relays(*, at_once: bool = False) -> None:
    """Wake the relays once this transaction is committed. They look by themselves as well.

    `at_once`: for what people wait for, a launch, a resume; single messages let the relay choose the moment.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [NEWS_CHANNEL, "at once" if at_once else ""])


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
