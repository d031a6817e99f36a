"""Asking the DNS: what the relay needs of it, and the answer that each kind of failure is.

Trap: a resolver that is down and a domain that does not exist look alike to the careless. Only NXDOMAIN and an empty answer
are facts about the domain; everything else is "unknown, ask again".

An answer is `secure` when a resolver that we trust says that it has validated it (the AD bit, RFC 4035, section 3.2.3). The
bit is nobody's signature: from a resolver across a network anybody on the way may have set it, so it counts only from one on
this computer, or where the operator says that the way to it is safe.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Protocol

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

LIFETIME = 8.0  # seconds for one question, retries included
NOTHING_FOR = 300.0  # seconds for which it is believed that there are no such records


class NoSuchDomain(Exception):
    """NXDOMAIN: the name does not exist."""


class Unknown(Exception):
    """The DNS could not be asked, or gave no usable answer. Says nothing of the domain."""


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A TLSA record (RFC 6698, section 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()}"


@dataclass(frozen=True, slots=True)
class Answer:
    """Records and how long they hold. For MX: (preference, host), for addresses: text, for TXT: octets, the strings of one
    record joined. Empty: the type is not there. `secure`: validated by DNSSEC, the absence too.
    """

    records: tuple[tuple[int, str], ...] | tuple[str, ...] | tuple[bytes, ...] | tuple[Tlsa, ...]
    ttl: float
    secure: bool = False


class Dns(Protocol):
    """What the relay asks. Names are A-labels in lower case; hosts come without the dot at the end, the root as ""."""

    async def mx(self, domain: str) -> Answer: ...

    async def a(self, host: str) -> Answer: ...

    async def aaaa(self, host: str) -> Answer: ...

    async def tlsa(self, name: str) -> Answer: ...

    async def txt(self, name: str) -> Answer: ...


class Resolver:
    """A Dns that asks one server, or those of /etc/resolv.conf."""

    def __init__(self, server: str = "", *, validates: bool | None = None) -> None:
        """`server`: host:port, an address without port (53), or "" for the system's. ValueError when it is neither.

        `validates`: whether its AD bit is believed; None: when it is on this computer.
        """
        self._resolver = dns.asyncresolver.Resolver(configure=not server)
        if server:
            host, port = split_server(server)
            self._resolver.nameservers = [host]
            self._resolver.port = port
        self._resolver.lifetime = LIFETIME
        self._resolver.cache = None
        self._resolver.flags = dns.flags.RD | dns.flags.AD  # "tell me whether you validated it" (RFC 6840, section 5.7)
        self._trusted = all(map(_is_here, self._resolver.nameservers)) if validates is None else validates

    async def mx(self, domain: str) -> Answer:
        return await self._records(
            domain,
            dns.rdatatype.MX,
            lambda rdata: (rdata.preference, rdata.exchange.to_text(omit_final_dot=True).lower().strip(".")),
        )

    async def a(self, host: str) -> Answer:
        return await self._addresses(host, dns.rdatatype.A)

    async def aaaa(self, host: str) -> Answer:
        return await self._addresses(host, dns.rdatatype.AAAA)

    async def tlsa(self, name: str) -> Answer:
        return await self._records(
            name, dns.rdatatype.TLSA, lambda rdata: Tlsa(rdata.usage, rdata.selector, rdata.mtype, bytes(rdata.cert))
        )

    async def txt(self, name: str) -> Answer:
        return await self._records(name, dns.rdatatype.TXT, lambda rdata: b"".join(rdata.strings))

    async def ptr(self, address: str) -> Answer:
        """The names of an IP address: text."""
        reverse = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        return await self._records(
            reverse, dns.rdatatype.PTR, lambda rdata: rdata.target.to_text(omit_final_dot=True).lower().strip(".")
        )

    async def _addresses(self, host: str, kind: dns.rdatatype.RdataType) -> Answer:
        return await self._records(host, kind, lambda rdata: rdata.address)

    async def _records(self, name: str, kind: dns.rdatatype.RdataType, read: Callable[[Any], Any]) -> Answer:
        found = await self._ask(name, kind)
        secure = self._trusted and bool(found.response.flags & dns.flags.AD)
        if found.rrset is None:
            return Answer((), NOTHING_FOR, secure)
        return Answer(tuple(read(rdata) for rdata in found.rrset), found.rrset.ttl, secure)

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        """The answer; its rrset is None when the name exists without such records."""
        try:
            return await self._resolver.resolve(dns.name.from_text(name), kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            raise NoSuchDomain(name) from error
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise Unknown(f"{name}: {str(error)[:200] or type(error).__name__}") from error


def _is_here(server: object) -> bool:
    """Whether a name server is on this computer."""
    try:
        return ip_address(str(server)).is_loopback
    except ValueError:
        return False


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
