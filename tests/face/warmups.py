"""Pages of warm-ups: an address that nobody has begun to warm up, and one in its second week."""

from typing import Any

from django.db import connection

from accounts.models import Organization
from reputation.actions import warming
from sending.models import EgressIP, Pool, PoolAddress
from tests.reputation.warmups import under_way

ADDRESS = "192.0.2.71"


def cold(organization: Organization) -> dict[str, Any]:
    """An address of its own, written as only the house does: past the organization's own role."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        me = cursor.fetchone()[0]
        cursor.execute("SET LOCAL ROLE posthouse_daemon")
        pool = Pool.objects.create(name="own", organization=organization, is_default=True)
        address = EgressIP.objects.create(address=ADDRESS, name="mta1.posthouse.example")
        PoolAddress.objects.create(pool=pool, address=address)
        cursor.execute(f'SET LOCAL ROLE "{me}"')
    return {"address": ADDRESS}


def warm(organization: Organization) -> dict[str, Any]:
    found = cold(organization)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        me = cursor.fetchone()[0]
        cursor.execute("SET LOCAL ROLE posthouse_daemon")
        under_way(EgressIP.objects.get(), days=9)
        cursor.execute(f'SET LOCAL ROLE "{me}"')
    return found


def paused(organization: Organization) -> dict[str, Any]:
    found = warm(organization)
    warmup = warming.Warmup.objects.get()
    warming.pause(warmup=warmup, actor=None, why="Our DNS moves to another provider this week.")
    return found


PAGES: list[dict[str, Any]] = [
    {"slug": "warm-up-new", "view": "reputation:warmup", "prepare": cold},
    {"slug": "warm-up", "view": "reputation:warmup", "prepare": warm},
    {"slug": "warm-up-paused", "view": "reputation:warmup", "prepare": paused},
    {"slug": "operator-warm-up", "view": "warming:warmup", "who": "operator", "tenant": False, "prepare": warm},
]
