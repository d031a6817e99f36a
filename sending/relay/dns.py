"""Asking the DNS: what the relay needs of it, and the answer that each kind of failure is.

Trap: a resolver that is down and a domain that does not exist look alike to the careless. Only NXDOMAIN and an empty answer
are facts about the domain; everything else is "unknown, ask again".
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

LIFETIME = 8.0  # seconds for one question, retries included


class NoSuchDomain(Exception):
    """NXDOMAIN: the name does not exist."""


class Unknown(Exception):
    """The DNS could not be asked, or gave no usable answer. Says nothing of the domain."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Records and how long they hold. For MX: (preference, host), for addresses: text. Empty: the type is not there."""

    records: tuple[tuple[int, str], ...] | tuple[str, ...]
    ttl: float


class Dns(Protocol):
    """What the relay asks. Names are A-labels in lower case; hosts come without the dot at the end, the root as ""."""

    async def mx(self, domain: str) -> Answer: ...

    async def a(self, host: str) -> Answer: ...

    async def aaaa(self, host: str) -> Answer: ...


class Resolver:
    """A Dns that asks one server, or those of /etc/resolv.conf."""

    def __init__(self, server: str = "") -> None:
        """`server`: host:port, an address without port (53), or "" for the system's. ValueError when it is neither."""
        self._resolver = dns.asyncresolver.Resolver(configure=not server)
        if server:
            host, port = split_server(server)
            self._resolver.nameservers = [host]
            self._resolver.port = port
        self._resolver.lifetime = LIFETIME
        self._resolver.cache = None

    async def mx(self, domain: str) -> Answer:
        found = await self._ask(domain, dns.rdatatype.MX)
        if found is None:
            return Answer((), 300.0)
        return Answer(
            tuple(
                (rdata.preference, rdata.exchange.to_text(omit_final_dot=True).lower().strip(".")) for rdata in found
            ),
            found.rrset.ttl,
        )

    async def a(self, host: str) -> Answer:
        return await self._addresses(host, dns.rdatatype.A)

    async def aaaa(self, host: str) -> Answer:
        return await self._addresses(host, dns.rdatatype.AAAA)

    async def _addresses(self, host: str, kind: dns.rdatatype.RdataType) -> Answer:
        found = await self._ask(host, kind)
        if found is None:
            return Answer((), 300.0)
        return Answer(tuple(rdata.address for rdata in found), found.rrset.ttl)

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType):  # type: ignore[no-untyped-def]
        """The answer, or None when the name exists without such records."""
        try:
            return await self._resolver.resolve(dns.name.from_text(name), kind, search=False)
        except dns.resolver.NoAnswer:
            return None
        except dns.resolver.NXDOMAIN as error:
            raise NoSuchDomain(name) from error
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise Unknown(f"{name}: {str(error)[:200] or type(error).__name__}") from error


def split_server(server: str) -> tuple[str, int]:
    """`127.0.0.1:8004` or `[::1]:53` or `192.0.2.1` into address and port (53). ValueError for anything else."""
    host, port = server, "53"
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        port = rest.removeprefix(":") or "53"
    elif server.count(":") == 1:
        host, _, port = server.partition(":")
    ip_address(host)
    number = int(port)
    if not 0 < number < 65536:
        raise ValueError(f"{port} is not a port")
    return host, number
