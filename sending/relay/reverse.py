"""Forward-confirmed reverse DNS: the address has a name, it is the one said in EHLO, and that name leads back to the address.

Receivers refuse or distrust mail from an address without (Gmail: 550 5.7.25; M3AAWG, Sending Domains and Reverse DNS).
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Protocol

from sending.relay.dns import Answer, NoSuchDomain, Unknown

MOST_NAMES = 10  # of one address that are looked at


class Finding(StrEnum):
    """As sending.enums.NameFinding."""

    CONFIRMED = "confirmed"
    NO_NAME = "no_name"
    OTHER_NAME = "other_name"
    NOT_BACK = "not_back"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """`names`: what the reverse DNS says, in the order of the alphabet."""

    finding: Finding
    names: tuple[str, ...] = ()


class Dns(Protocol):
    """Of sending.relay.dns.Resolver."""

    async def ptr(self, address: str) -> Answer: ...

    async def a(self, host: str) -> Answer: ...

    async def aaaa(self, host: str) -> Answer: ...


async def look(dns: Dns, *, address: str, name: str) -> Found:
    """What the DNS says of an address that calls itself `name`. No answer is UNKNOWN: it says nothing of the address."""
    try:
        names = tuple(sorted(map(str, (await dns.ptr(address)).records))[:MOST_NAMES])
    except NoSuchDomain:
        names = ()
    except Unknown:
        return Found(Finding.UNKNOWN)
    if not names:
        return Found(Finding.NO_NAME)
    if name.lower().rstrip(".") not in names:
        return Found(Finding.OTHER_NAME, names)
    here = ip_address(address)
    try:
        back = await (dns.a(name) if here.version == 4 else dns.aaaa(name))
    except NoSuchDomain:
        return Found(Finding.NOT_BACK, names)
    except Unknown:
        return Found(Finding.UNKNOWN, names)
    is_there = any(ip_address(str(record)) == here for record in back.records)
    return Found(Finding.CONFIRMED if is_there else Finding.NOT_BACK, names)
