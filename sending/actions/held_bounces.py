"""Bounces of a wave: holding them for a person, and what the person decides.

Policy: the bounce itself stands; only the entry on the do-not-send list waits. "Leave" changes nothing for the address: if it
is no good, its next bounce says so by itself. Call inside of the tenant's scope.
"""

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.actions import suppressions
from contacts.enums import SuppressionReason
from sending.enums import BounceDecision
from sending.models import BounceWave, Delivery, HeldBounce

BATCH = 1_000
MAX_TEXT = 2_000


def hold(*, delivery: Delivery, code: str, text: str, likeness: str) -> bool:
    """Hold a bounce for review if it is one of an open wave; False when there is none."""
    if not likeness:
        return False
    wave = BounceWave.objects.filter(likeness=likeness, open_until__gt=timezone.now()).first()
    if wave is None:
        return False
    HeldBounce.objects.bulk_create(
        [
            HeldBounce(
                organization_id=delivery.organization_id,
                wave=wave,
                delivery_id=delivery.pk,
                address_key=delivery.address,
                code=code[:16],
                text=text.replace("\x00", "")[:MAX_TEXT],
                held_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    return True


@transaction.atomic
def decide(*, organization: Organization, wave: BounceWave, decision: BounceDecision, actor: User | None) -> int:
    """Decide about all of an organization's addresses that wait for one wave; how many there were. None: an operator."""
    if decision is BounceDecision.WAITING:
        raise ValueError("To wait is no decision.")
    waiting = HeldBounce.objects.filter(organization=organization, wave=wave, decision=BounceDecision.WAITING)
    decided = 0
    while batch := list(waiting.select_for_update(no_key=True).order_by("id")[:BATCH]):
        if decision is BounceDecision.SUPPRESS:
            suppressions.suppress_many(
                organization=organization,
                keys=[row.address_key for row in batch],
                reason=SuppressionReason.INVALID,
                source="relay",
                evidence=f"{wave.code} {wave.text}".strip(),
                about=f"wave {wave.public_id}",
                actor=actor,
            )
        decided += HeldBounce.objects.filter(pk__in=[row.pk for row in batch]).update(
            decision=decision, decided_at=timezone.now(), decided_by=actor
        )
    if decided:
        audit.record(
            organization=organization,
            actor=actor,
            verb="sending.bounces_suppressed" if decision is BounceDecision.SUPPRESS else "sending.bounces_left",
            data={"place": wave.place, "code": wave.code, "addresses": decided},
        )
    return decided
