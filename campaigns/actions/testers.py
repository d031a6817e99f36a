"""Verbs of testers: keep addresses to which tests are sent again and again, and forget them."""

from collections.abc import Iterable

from django.db import transaction

from accounts.actions import audit
from accounts.models import Organization, User
from campaigns.errors import Refused
from campaigns.models import Tester

MOST = 50


@transaction.atomic
def keep(*, organization: Organization, addresses: Iterable[str], actor: User) -> int:
    """Keep addresses that are not kept yet; how many were. Raises Refused above MOST."""
    known = set(Tester.objects.filter(organization=organization).values_list("address", flat=True))
    new = [address for address in dict.fromkeys(addresses) if address not in known]
    if len(known) + len(new) > MOST:
        raise Refused(f"There are {len(known)} testers already; at most {MOST} are kept. Remove some first.")
    Tester.objects.bulk_create(
        [Tester(organization=organization, address=address) for address in new], ignore_conflicts=True
    )
    if new:
        audit.record(organization=organization, actor=actor, verb="campaigns.testers_kept", data={"addresses": new})
    return len(new)


@transaction.atomic
def forget(*, organization: Organization, tester_id: int, actor: User) -> str:
    """Forget one; its address, or "" when it was gone already."""
    tester = Tester.objects.filter(organization=organization, pk=tester_id).first()
    if tester is None:
        return ""
    tester.delete()
    audit.record(
        organization=organization, actor=actor, verb="campaigns.tester_forgotten", data={"address": tester.address}
    )
    return tester.address
