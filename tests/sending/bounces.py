"""Waves of bounces for tests, and what they hold of an organization."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import Organization
from sending.adapters.wave_sql import OPEN
from sending.judging import likeness
from sending.models import BounceWave, HeldBounce

REPLY = "<someone@somewhere>: there is no such person here"


def wave(place: str) -> BounceWave:
    """An open one, opened as the relay does it: with the daemons' role."""
    like = likeness.of(provider=place, domain="", code=550, status="5.1.1", text=REPLY)
    facts = {"public_id": f"wave{abs(hash(place)) % 10**8}", "likeness": like, "place": place, "code": "550 5.1.1"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        before = cursor.fetchone()[0]
        cursor.execute("SET LOCAL ROLE posthouse_daemon")
        cursor.execute(OPEN, {**facts, "text": REPLY})
        cursor.execute(f'SET LOCAL ROLE "{before}"')
    return BounceWave.objects.get(likeness=like)


def hold(organization: Organization, found: BounceWave, n: int) -> None:
    """So many people of it. Inside of the organization's scope."""
    now = timezone.now()
    HeldBounce.objects.bulk_create(
        HeldBounce(
            organization=organization,
            wave=found,
            delivery_id=number + 1,
            address_key=f"p{number}@granite.example",
            code="550 5.1.1",
            text=f"<p{number}@granite.example>: there is no such person here",
            held_at=now - timedelta(minutes=n - number),
        )
        for number in range(n)
    )
