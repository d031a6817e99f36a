"""The operator's own do-not-send list: nobody in this installation writes to these addresses. Each deed is in the log.

Only the owner of the tables may write it: members, the relay and the worker can but read.
"""

import logging

from django.db import transaction

from accounts.actions import audit, organizations
from accounts.tenancy import cross_tenant
from contacts import addresses
from contacts.errors import BadAddress, NotThisWay
from contacts.models import HouseSuppression

log = logging.getLogger(__name__)


@transaction.atomic
def add(*, address: str, why: str, by: str) -> bool:
    """Nobody writes to this address any more; False if it was on the list. `by` names the operator. Raises Refused."""
    key = _key(address)
    why = " ".join(why.split())[:300]
    if not why:
        raise NotThisWay("Say why, for whoever looks at this in a year.")
    _, is_new = HouseSuppression.objects.get_or_create(address_key=key, defaults={"why": why})
    if is_new:
        _record("contacts.house_suppression_added", key, why, by)
    return is_new


@transaction.atomic
def remove(*, address: str, why: str, by: str) -> bool:
    """Let organizations write to this address again, as far as their own lists do; False if it was not on the list."""
    key = _key(address)
    why = " ".join(why.split())[:300]
    if not why:
        raise NotThisWay("Say why, for whoever looks at this in a year.")
    removed, _ = HouseSuppression.objects.filter(address_key=key).delete()
    if removed:
        _record("contacts.house_suppression_removed", key, why, by)
    return bool(removed)


def _key(address: str) -> str:
    try:
        return addresses.parse(address).key
    except addresses.InvalidAddress as bad:
        raise BadAddress(f"{address[:80]!r} is no address: {bad}") from bad


def _record(verb: str, key: str, why: str, by: str) -> None:
    house = organizations.house()
    with cross_tenant("the operator's list belongs to no tenant, its log to the house"):
        audit.record(organization=house, verb=verb, data={"address": key, "why": why, "by": by})
    log.warning("%s: %s by %s: %s", verb, addresses.masked(key), by, why)
