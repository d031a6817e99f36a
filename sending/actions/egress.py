"""Our addresses: adding, naming, pausing, resuming and retiring them, and what the DNS says of their names.

Policy: only operators do this, so whoever calls has seen that it is one. Each deed is in the log of the house, and what concerns
an organization by name in its own. Relays see it within a second or two.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actions import audit, organizations
from accounts.models import Organization, User
from accounts.tenancy import cross_tenant
from sending import domain_names, keys
from sending.adapters.ledger_sql import AT_ONCE, NEWS_CHANNEL
from sending.adapters.sources import PROXY
from sending.enums import AddressState, NameFinding
from sending.errors import AddressRefused
from sending.models import EgressIP
from sending.relay import proxies, reverse
from sending.relay.dns import Resolver

MOST_ADDRESSES = 1_000
CHECK_EVERY = timedelta(days=1)
CHECK_AGAIN = timedelta(hours=1)  # when the DNS gave no answer
CHECKED_AT_ONCE = 50


@contextmanager
def as_the_house() -> Iterator[None]:
    """Addresses and pools are written as no organization can."""
    with cross_tenant("addresses are the house's, and whose mail leaves from which"):
        yield


@transaction.atomic
def add(
    *, address: str, name: str, proxy: str = "", why: str = "", actor: User | None = None, by: str = ""
) -> EgressIP:
    """A new address, in use and in no pool yet. `proxy`: see sending.relay.proxies.read. Raises AddressRefused."""
    address, name = parse(address), parse_name(name)
    written, secret = _proxy(proxy)
    with as_the_house():
        if EgressIP.objects.count() >= MOST_ADDRESSES:
            raise AddressRefused(f"There are {MOST_ADDRESSES} addresses already.")
        try:
            with transaction.atomic():
                row = EgressIP.objects.create(
                    address=address, name=name, proxy=written, proxy_secret=secret, why=_words(why)
                )
        except IntegrityError as error:
            raise AddressRefused(f"{address} is here already.") from error
    record("sending.address_added", row, actor, by, {"name": name, "proxy": written, "why": row.why})
    return row


def rename(*, address: EgressIP, name: str, actor: User | None = None, by: str = "") -> None:
    """Say another name in EHLO from now on; it is looked up anew. Raises AddressRefused."""
    name = parse_name(name)
    before, address.name = address.name, name
    address.finding, address.found_names, address.checked_at = NameFinding.UNCHECKED, "", None
    _save(address, "name", "finding", "found_names", "checked_at")
    record("sending.address_renamed", address, actor, by, {"before": before, "name": name})


def reach_through(*, address: EgressIP, proxy: str, actor: User | None = None, by: str = "") -> None:
    """Go through this proxy from now on; "": the address is of the relay's own computer. Raises AddressRefused."""
    address.proxy, address.proxy_secret = _proxy(proxy)
    _save(address, "proxy", "proxy_secret")
    record("sending.address_proxy_changed", address, actor, by, {"proxy": address.proxy})


def pause(*, address: EgressIP, why: str, actor: User | None = None, by: str = "") -> None:
    """Nothing leaves from it for now; its pools' other addresses go on with its mail. Raises AddressRefused."""
    if not _words(why):
        raise AddressRefused("Say why, for whoever looks at this when you are away.")
    _set_state(address, AddressState.PAUSED, why, actor, by)


def resume(*, address: EgressIP, why: str = "", actor: User | None = None, by: str = "") -> None:
    """It is in use again, also when it was retired."""
    _set_state(address, AddressState.ACTIVE, why, actor, by)


def retire(*, address: EgressIP, why: str, actor: User | None = None, by: str = "") -> None:
    """It is of no use any more: a pool that has no other address is passed over, and its mail goes the next best way."""
    if not _words(why):
        raise AddressRefused("Say why, for whoever looks at this when you are away.")
    _set_state(address, AddressState.RETIRED, why, actor, by)


def check(*, addresses: list[EgressIP]) -> None:
    """Ask the DNS for their names, and keep what it says. An answer that does not come leaves what was known."""
    found = asyncio.run(_look(addresses))
    for address, (finding, names) in zip(addresses, found, strict=True):
        address.checked_at = timezone.now()
        if finding != NameFinding.UNKNOWN or address.finding == NameFinding.UNCHECKED:
            address.finding, address.found_names = finding, names
        elif finding == NameFinding.UNKNOWN:
            address.checked_at -= CHECK_EVERY - CHECK_AGAIN
        with as_the_house():
            EgressIP.objects.filter(pk=address.pk, name=address.name).update(
                finding=address.finding, found_names=address.found_names, checked_at=address.checked_at
            )


def check_due() -> int:
    """Check those that nobody has looked at for a day; how many."""
    with as_the_house():
        due = EgressIP.objects.exclude(state=AddressState.RETIRED).exclude(checked_at__gt=timezone.now() - CHECK_EVERY)
        addresses = list(due.order_by("checked_at")[:CHECKED_AT_ONCE])
    if addresses:
        check(addresses=addresses)
    return len(addresses)


@transaction.atomic
def reseal() -> int:
    """Seal the passwords of proxies anew that an older SECRET_KEY sealed; how many."""
    resealed = 0
    with as_the_house():
        for row in EgressIP.objects.select_for_update().exclude(proxy_secret=None):
            sealed = row.proxy_secret
            if sealed is not None and keys.is_stale(sealed):
                row.proxy_secret = keys.encrypt(keys.decrypt(sealed, purpose=PROXY), purpose=PROXY)
                row.save(update_fields=["proxy_secret"])
                resealed += 1
    return resealed


def parse(text: str) -> str:
    """An IP address that mail may leave from, in its one spelling. Raises AddressRefused."""
    try:
        address = ip_address(text.strip())
    except ValueError as error:
        raise AddressRefused("Write an IP address, like 192.0.2.1 or 2001:db8::1.") from error
    if address.is_unspecified or address.is_multicast or address.is_link_local or getattr(address, "ipv4_mapped", None):
        raise AddressRefused(f"No mail can leave from {address}.")
    if address.is_loopback and not settings.SANDBOX:
        raise AddressRefused(f"{address} leads nowhere but to this computer.")
    return str(address)


def parse_name(text: str) -> str:
    """A host name for EHLO, in A-labels. Raises AddressRefused."""
    try:
        return domain_names.parse(text)
    except domain_names.BadName as error:
        raise AddressRefused("Its name is that of a host of yours, like mail1.example.com.") from error


def record(
    verb: str,
    address: EgressIP | None,
    actor: User | None,
    by: str,
    data: dict[str, Any],
    *,
    organization: Organization | None = None,
) -> None:
    """Into the log of the house, and into the organization's, if one is meant; and tell the relays."""
    house = organizations.house()
    facts = {name: value for name, value in data.items() if value}
    with as_the_house():
        audit.record(
            organization=house, verb=verb, actor=actor, target=address, data=facts | ({"by": by} if by else {})
        )
        if organization is not None and organization.pk != house.pk:
            audit.record(organization=organization, verb=verb, data=facts)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [NEWS_CHANNEL, AT_ONCE])


async def _look(addresses: list[EgressIP]) -> list[tuple[NameFinding, str]]:
    resolver = Resolver(settings.RELAY_RESOLVER)
    found = await asyncio.gather(*(reverse.look(resolver, address=row.address, name=row.name) for row in addresses))
    return [(NameFinding(one.finding), " ".join(one.names)[:500]) for one in found]


def _set_state(address: EgressIP, state: AddressState, why: str, actor: User | None, by: str) -> None:
    before, address.state, address.why = address.state, state, _words(why)
    _save(address, "state", "why")
    if before != state:
        done = {AddressState.ACTIVE: "resumed", AddressState.PAUSED: "paused", AddressState.RETIRED: "retired"}[state]
        record(f"sending.address_{done}", address, actor, by, {"why": address.why}, organization=_dedicated_to(address))


def _dedicated_to(address: EgressIP) -> Organization | None:
    with as_the_house():
        pool = address.pools.exclude(organization=None).select_related("organization").first()
    return pool.organization if pool is not None else None


@transaction.atomic
def _save(address: EgressIP, *fields: str) -> None:
    with as_the_house():
        address.save(update_fields=fields)


def _proxy(text: str) -> tuple[str, bytes | None]:
    if not text.strip():
        return "", None
    try:
        proxy = proxies.read(text)
    except proxies.BadProxy as error:
        raise AddressRefused(str(error)) from error
    return str(proxy), keys.encrypt(proxy.password.encode(), purpose=PROXY) if proxy.password else None


def _words(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:300]
