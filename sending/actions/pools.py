"""Pools: making them, which addresses are in them, and whose mail goes by them. See egress.py for who may, and for the log.

Policy: a pool is the house's (anybody's mail may go by it) or one organization's; an address is in pools of one owner only, so
that nobody's standing with receivers depends on strangers without being told.
"""

import re

from django.db import IntegrityError, transaction

from accounts.models import Organization, User
from sending.actions import streams
from sending.actions.egress import as_the_house, record
from sending.enums import StreamKind
from sending.errors import AddressRefused
from sending.models import EgressIP, Pool, PoolAddress, Stream

WEIGHTS = range(1, 1001)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")


@transaction.atomic
def make(
    *,
    name: str,
    organization: Organization | None = None,
    is_default: bool | None = None,
    actor: User | None = None,
    by: str = "",
) -> Pool:
    """A pool without addresses yet. `is_default`: carries all mail of its owner that names no other; None: if it is the first.

    Raises AddressRefused.
    """
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise AddressRefused("A pool's name is small letters, digits and hyphens, like shared or kettle-news.")
    with as_the_house():
        has_default = Pool.objects.filter(organization=organization, is_default=True).exists()
        try:
            with transaction.atomic():
                pool = Pool.objects.create(name=name, organization=organization)
        except IntegrityError as error:
            raise AddressRefused(f"There is a pool {name} already.") from error
    record("sending.pool_made", None, actor, by, {"pool": name}, organization=organization)
    if is_default or (is_default is None and not has_default):
        make_default(pool=pool, actor=actor, by=by)
    return pool


@transaction.atomic
def make_default(*, pool: Pool, actor: User | None = None, by: str = "") -> None:
    """It carries the mail of every stream of its owner that names no pool; of the house: of everybody who has none."""
    with as_the_house():
        Pool.objects.filter(organization=pool.organization, is_default=True).exclude(pk=pool.pk).update(
            is_default=False
        )
        pool.is_default = True
        pool.save(update_fields=["is_default"])
        owner = pool.organization
    record("sending.pool_made_default", None, actor, by, {"pool": pool.name}, organization=owner)


@transaction.atomic
def put(*, pool: Pool, address: EgressIP, weight: int = 100, actor: User | None = None, by: str = "") -> None:
    """The address carries mail of the pool, with this weight against its others. Raises AddressRefused."""
    if weight not in WEIGHTS:
        raise AddressRefused("A weight is a number from 1 to 1000. To let nothing leave from an address, pause it.")
    with as_the_house():
        EgressIP.objects.select_for_update().get(pk=address.pk)  # two operators at once
        other = address.pools.exclude(organization=pool.organization) if pool.organization_id else None
        other = other if other is not None else address.pools.exclude(organization=None)
        if (theirs := other.first()) is not None:
            raise AddressRefused(
                f"{address} is in the pool {theirs.name} of another owner. An address is either shared or one organization's."
            )
        PoolAddress.objects.update_or_create(pool=pool, address=address, defaults={"weight": weight})
        owner = pool.organization
    data = {"pool": pool.name, "address": str(address), "weight": weight}
    record("sending.address_put_in_pool", address, actor, by, data, organization=owner)


@transaction.atomic
def take_out(*, pool: Pool, address: EgressIP, actor: User | None = None, by: str = "") -> None:
    """The address carries no mail of the pool any more. Raises AddressRefused when it did not."""
    with as_the_house():
        gone, _ = PoolAddress.objects.filter(pool=pool, address=address).delete()
        owner = pool.organization
    if not gone:
        raise AddressRefused(f"{address} is not in the pool {pool.name}.")
    data = {"pool": pool.name, "address": str(address)}
    record("sending.address_taken_from_pool", address, actor, by, data, organization=owner)


@transaction.atomic
def assign(
    *, organization: Organization, kind: StreamKind, pool: Pool | None, actor: User | None = None, by: str = ""
) -> None:
    """The organization's mail of one kind goes by this pool, also what waits already; None: as if it were not said. A shared pool
    or one of its own. Raises AddressRefused.
    """
    if pool is not None and pool.organization_id not in (None, organization.pk):
        raise AddressRefused(f"The pool {pool.name} is dedicated to another organization.")
    with as_the_house():
        stream = streams.ensure(organization=organization, kind=kind)
        Stream.objects.filter(pk=stream.pk).update(pool=pool)
    data = {"stream": str(kind), "pool": pool.name if pool is not None else "none"}
    record("sending.pool_assigned", None, actor, by, data, organization=organization)


@transaction.atomic
def remove(*, pool: Pool, actor: User | None = None, by: str = "") -> None:
    """A pool that nothing is in and that no stream names. Raises AddressRefused."""
    with as_the_house():
        if pool.members.exists() or Stream.objects.filter(pool=pool).exists():
            raise AddressRefused(f"Take the addresses out of {pool.name}, and let no stream name it, first.")
        owner = pool.organization
        pool.delete()
    record("sending.pool_removed", None, actor, by, {"pool": pool.name}, organization=owner)
