"""Removing people for good, which only those may be who were never mailed: the ledger's sums stay.

A launch that is being sealed reads the audience and writes its rows at the end: so it holds the shared form of the
organization's lock for that transaction, and whoever removes people holds it alone.
"""

from collections.abc import Sequence

from django.db import connection

from contacts import ports
from contacts.models import ConsentRecord, Contact

LOCK = 0x70656F  # "peo": the first half of the key; the second is the organization


def hold_people(*, organization_id: int, alone: bool) -> None:
    """Until the end of the transaction nobody is removed from the organization (alone: nobody is read for a launch)."""
    form = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {form}(%s, %s)", [LOCK, organization_id % 2**31])


def remove_never_mailed(*, organization_id: int, ids: Sequence[int]) -> set[int]:
    """Delete those of these contacts who have no message in the ledger; their ids. Topics, tags and preferences go with
    them; do-not-send entries stay, and so do consent records, without the address of a device."""
    hold_people(organization_id=organization_id, alone=True)
    there = Contact.objects.select_for_update().filter(organization_id=organization_id, pk__in=ids, erased_at=None)
    present = list(there.order_by("pk").values_list("pk", flat=True))
    gone = set(present) - ports.mail.mailed(ids=present)
    if gone:
        told = ConsentRecord.objects.filter(contact_id__in=gone).exclude(ip=None, user_agent="")
        told.update(ip=None, user_agent="")
        Contact.objects.filter(pk__in=gone).delete()
    return gone
