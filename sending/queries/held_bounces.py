"""Bounces that wait for a person: by wave, and the people of one wave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Q

from accounts.models import Organization
from sending.enums import BounceDecision
from sending.models import BounceWave, HeldBounce

PAGE = 50
MOST_WAVES = 200


@dataclass(frozen=True, slots=True)
class Group:
    """What one wave cost one organization. `waiting`: addresses to be decided about; the others are decided."""

    wave: BounceWave
    waiting: int
    suppressed: int
    left: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class People:
    """Some of a wave's addresses; `next` is the id to go on after, or None."""

    rows: Sequence[HeldBounce]
    next: str | None
    previous: str | None = None


def groups(organization: Organization) -> list[Group]:
    """Every wave with bounces of an organization, what waits first, the newest first."""
    rows: Any = (
        HeldBounce.objects.filter(organization=organization)
        .values("wave")
        .annotate(
            waiting=Count("pk", filter=Q(decision=BounceDecision.WAITING)),
            suppressed=Count("pk", filter=Q(decision=BounceDecision.SUPPRESS)),
            left=Count("pk", filter=Q(decision=BounceDecision.LEAVE)),
            first_at=Min("held_at"),
            last_at=Max("held_at"),
        )
        .order_by("-last_at")[:MOST_WAVES]
    )
    found = list(rows)
    waves = BounceWave.objects.in_bulk([row["wave"] for row in found])
    listed = [Group(waves[row.pop("wave")], **row) for row in found]
    return sorted(listed, key=lambda group: not group.waiting)


def group(organization: Organization, wave: BounceWave) -> Group | None:
    """One of them; None when the wave cost this organization nothing."""
    return next((one for one in groups(organization) if one.wave.pk == wave.pk), None)


def people(organization: Organization, wave: BounceWave, *, after: int = 0) -> People:
    """The addresses of one wave in the order in which they bounced."""
    rows = list(
        HeldBounce.objects.filter(organization=organization, wave=wave, pk__gt=after).order_by("pk")[: PAGE + 1]
    )
    return People(rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else None)


def waiting(organization: Organization) -> int:
    """How many addresses wait for a decision."""
    return HeldBounce.objects.filter(organization=organization, decision=BounceDecision.WAITING).count()


def waiting_everywhere() -> list[tuple[BounceWave, int, int]]:
    """For the operator: every wave that somebody has to decide about, the organizations and addresses that wait. Call
    inside of cross_tenant.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT wave_id, count(DISTINCT organization_id), count(*) FROM sending_heldbounce
            WHERE decision = %s GROUP BY 1 ORDER BY max(held_at) DESC LIMIT %s
            """,
            [BounceDecision.WAITING, MOST_WAVES],
        )
        rows = cursor.fetchall()
    waves = BounceWave.objects.in_bulk([row[0] for row in rows])
    return [(waves[wave], organizations, addresses) for wave, organizations, addresses in rows]
