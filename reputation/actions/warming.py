"""Warm-ups: start, steer, and set each new day's budgets by what became of the last day's mail.

Policy: a day is decided once, under a lock on the plan's row, so two workers or a job that runs again change nothing; after
days without a worker one step is taken at the most. Budgets stay in force until they are changed, so a late job means that
an address goes on as yesterday. Days are days of UTC, because an address sends for people in all time zones.

Call across tenants, or inside of the scope of the organization that the address is dedicated to.
"""

from collections.abc import Sequence
from datetime import UTC, date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from reputation.enums import WarmupSchedule, WarmupState
from reputation.errors import Refused
from reputation.models import Warmup, WarmupDay
from reputation.warming import schedules, tracks
from reputation.warming.health import Day
from reputation.warming.schedules import Schedule
from reputation.warming.tracks import Track
from sending.actions import budgets
from sending.enums import AddressState
from sending.models import EgressIP, Pool
from sending.queries import known_providers, source_days

LONGEST_WHY = 300
KEPT = timedelta(days=400)


def today() -> date:
    """The day of UTC."""
    return timezone.now().astimezone(UTC).date()


def schedule_of(warmup: Warmup) -> Schedule:
    """The engine's schedule of a plan."""
    if warmup.schedule == WarmupSchedule.TABLE:
        return schedules.table(volume=warmup.volume)
    return schedules.house(volume=warmup.volume, growth=warmup.growth)


@transaction.atomic
def start(
    *,
    address_id: int,
    actor: User | None,
    schedule: WarmupSchedule = WarmupSchedule.HOUSE,
    volume: int = schedules.VOLUME,
    growth: float = schedules.GROWTH,
) -> Warmup:
    """Begin at the first day, also what was skipped, done or half-way before. Raises Refused."""
    if EgressIP.objects.filter(pk=address_id, state=AddressState.RETIRED).exists():
        raise Refused("This address is retired. Nothing leaves from it.")
    now = today()
    warmup, _ = Warmup.objects.update_or_create(
        address_id=address_id,
        defaults={
            "schedule": schedule,
            "volume": volume,
            "growth": growth,
            "state": WarmupState.RUNNING,
            "why": "",
            "actor_name": _name(actor),
            "began_on": now,
            "decided_on": now,
        },
    )
    plan = _plan(warmup)
    begun = {name: tracks.start(plan, today=now) for name in plan.providers(known_providers.names())}
    WarmupDay.objects.filter(warmup=warmup, day__gte=now).delete()
    _write(warmup, begun, {})
    _put(warmup, plan, begun)
    _record(warmup, actor, "started", {"schedule": str(schedule), "volume": volume})
    return warmup


@transaction.atomic
def choose(*, warmup: Warmup, actor: User | None, schedule: WarmupSchedule, volume: int, growth: float) -> None:
    """Another schedule. Within the same one what has been reached stays; another one begins at its first day. Raises Refused."""
    warmup = _locked(warmup)
    if warmup.schedule != schedule:
        start(address_id=warmup.address_id, actor=actor, schedule=schedule, volume=volume, growth=growth)
        return
    warmup.volume, warmup.growth, warmup.actor_name = volume, growth, _name(actor)
    plan = _plan(warmup)
    warmup.save(update_fields=["volume", "growth", "actor_name", "changed_at"])
    if warmup.state in (WarmupState.RUNNING, WarmupState.PAUSED):
        _put(warmup, plan, _tracks(warmup))
    _record(warmup, actor, "changed", {"volume": volume, "growth": growth})


@transaction.atomic
def pause(*, warmup: Warmup, actor: User | None, why: str) -> None:
    """Let the budgets stand as they are, until it is resumed. Raises Refused."""
    warmup = _locked(warmup)
    if warmup.state != WarmupState.RUNNING:
        raise Refused("Only a warm-up that runs can be paused.")
    _change(warmup, WarmupState.PAUSED, actor=actor, why=why)
    _record(warmup, actor, "paused", {"why": warmup.why})


@transaction.atomic
def resume(*, warmup: Warmup, actor: User | None) -> None:
    """Decide again from tomorrow on. Raises Refused."""
    warmup = _locked(warmup)
    if warmup.state != WarmupState.PAUSED:
        raise Refused("It is not paused.")
    warmup.decided_on = today()
    _change(warmup, WarmupState.RUNNING, actor=actor, why="")
    _record(warmup, actor, "resumed", {})


@transaction.atomic
def skip(*, warmup: Warmup, actor: User | None, why: str) -> None:
    """No limits any more, on somebody's word. Raises Refused without a reason."""
    if not why.strip():
        raise Refused("Say why this address needs no warm-up.")
    warmup = _locked(warmup)
    _change(warmup, WarmupState.SKIPPED, actor=actor, why=why)
    budgets.lift(source_id=warmup.address_id)
    _record(warmup, actor, "skipped", {"why": warmup.why})


def due(*, now: date, limit: int) -> Sequence[int]:
    """Plans whose budgets of this day are not set yet."""
    return list(
        Warmup.objects.filter(state__in=(WarmupState.RUNNING, WarmupState.DONE), decided_on__lt=now)
        .exclude(address__state=AddressState.RETIRED)
        .order_by("decided_on", "id")
        .values_list("pk", flat=True)[:limit]
    )


@transaction.atomic
def decide(*, warmup_id: int, now: date | None = None) -> bool:
    """Set the budgets of this day for one address; False when that was done, or is being done."""
    now = now or today()
    warmup = (
        Warmup.objects.select_for_update(skip_locked=True)
        .filter(pk=warmup_id, state__in=(WarmupState.RUNNING, WarmupState.DONE), decided_on__lt=now)
        .first()
    )
    if warmup is None:
        return False
    plan, yesterday = _plan(warmup), now - timedelta(days=1)
    seen = _days(warmup.address_id, yesterday, together=not plan.each_provider)
    before = _tracks(warmup)
    after = {
        name: tracks.decide(before[name], plan, today=now, yesterday=seen.get(name, Day(hours=0)))
        if name in before
        else tracks.start(plan, today=now)  # a provider that was not told apart until today
        for name in plan.providers(known_providers.names())
    }
    _write(warmup, after, seen)
    if all(track.budget is None for track in after.values()):
        warmup.state = WarmupState.DONE
    elif warmup.state == WarmupState.DONE:
        warmup.state = WarmupState.RUNNING
    warmup.decided_on = now
    warmup.save(update_fields=["state", "decided_on", "changed_at"])
    _put(warmup, plan, after)
    return True


def forget_old(*, before: date) -> int:
    """Days that nobody looks at any more; the newest of each provider stays, because the next is decided from it."""
    newest = WarmupDay.objects.order_by("warmup", "provider", "-day").distinct("warmup", "provider").values("pk")
    return WarmupDay.objects.filter(day__lt=before).exclude(pk__in=newest).delete()[0]


# --- between rows and tracks ------------------------------------------------------------------------------------------


def _plan(warmup: Warmup) -> Schedule:
    try:
        return schedule_of(warmup)
    except ValueError as error:
        raise Refused(f"That is no schedule: {error}.") from error


def _locked(warmup: Warmup) -> Warmup:
    return Warmup.objects.select_for_update().get(pk=warmup.pk)


def _change(warmup: Warmup, state: WarmupState, *, actor: User | None, why: str) -> None:
    warmup.state, warmup.why, warmup.actor_name = state, why.strip()[:LONGEST_WHY], _name(actor)
    warmup.save(update_fields=["state", "why", "actor_name", "decided_on", "changed_at"])


def _record(warmup: Warmup, actor: User | None, done: str, data: dict[str, object]) -> None:
    """In the log of the organization that the address is dedicated to, if it is to one."""
    pool = Pool.objects.filter(members__address_id=warmup.address_id).exclude(organization=None).first()
    if pool is not None and pool.organization is not None:
        address = EgressIP.objects.filter(pk=warmup.address_id).values_list("address", flat=True).first()
        audit.record(
            organization=pool.organization,
            actor=actor,
            verb=f"reputation.warmup_{done}",
            target=warmup,
            data={"address": address, **data},
        )


def _name(actor: User | None) -> str:
    return str(actor)[:200] if actor is not None else ""


def _days(source_id: int, day: date, *, together: bool) -> dict[str, Day]:
    return {
        row.provider: Day(row.delivered, row.deferred, row.bounced, row.blocked, row.complained, row.hours)
        for row in source_days.of(source_id=source_id, since=day, together=together)
        if row.day == day
    }


def _tracks(warmup: Warmup) -> dict[str, Track]:
    newest = (
        WarmupDay.objects.filter(warmup=warmup, day__gte=warmup.began_on)
        .order_by("provider", "-day")
        .distinct("provider")
    )
    return {
        row.provider: Track(row.day, row.budget, row.move, row.cause, row.sent_on, row.began_on)  # type: ignore[arg-type]
        for row in newest
    }


def _write(warmup: Warmup, after: dict[str, Track], seen: dict[str, Day]) -> None:
    """One row a provider. Who has no limit any more gets none; of theirs is noted when something was sent last."""
    rows = []
    for name, track in after.items():
        if track.move == "free":
            newest = WarmupDay.objects.filter(warmup=warmup, provider=name).order_by("-day").values("pk")[:1]
            WarmupDay.objects.filter(pk__in=newest).update(sent_on=track.sent_on)
            continue
        rows.append(
            WarmupDay(
                warmup=warmup,
                provider=name,
                day=track.day,
                budget=track.budget,
                move=track.move,
                cause=track.cause,
                seen=_facts(seen[name]) if name in seen else {},
                sent_on=track.sent_on,
                began_on=track.began or track.day,
            )
        )
    WarmupDay.objects.bulk_create(rows)


def _facts(day: Day) -> dict[str, int]:
    return {name: getattr(day, name) for name in ("delivered", "deferred", "bounced", "blocked", "complained")}


def _put(warmup: Warmup, plan: Schedule, after: dict[str, Track]) -> None:
    limited = {name: min(track.budget, plan.last) for name, track in after.items() if track.budget is not None}
    budgets.put(
        source_id=warmup.address_id,
        budgets={name: (budget, plan.an_hour(budget)) for name, budget in limited.items()},
        since=warmup.decided_on,
    )
