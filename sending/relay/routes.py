"""From a domain to the hosts that take its mail (RFC 5321 5.1), remembered for as long as the DNS says.

Policy: MX by preference; without MX the domain's own address (an implicit MX of preference 0); `MX 0 .` takes no mail at all
(RFC 7505). One question at a time for a name, however many messages wait for it. When the DNS fails, what it said an hour
ago is better than nothing; but not that there is no TLSA record, or a cut line would turn DANE off (RFC 7672, section 2.1).
Hosts that a domain's MTA-STS policy does not name are left out here, so that its route is its own (RFC 8461, section 4.1);
unless they are under DANE, which comes first.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sending.relay.addresses import Reach, may_connect
from sending.relay.dns import Answer, Dns, NoSuchDomain, Tlsa, Unknown
from sending.relay.policies import AGAIN, Policies
from sending.relay.ports import EXCUSED
from sending.relay.sts import Mode, Policy

SHORTEST, LONGEST = 5.0, 6 * 3600.0  # seconds that an answer is kept, whatever its TTL
NEGATIVE = 60.0
STALE = 3600.0
CACHE_SIZE = 50_000
MAX_HOSTS = 20
MAX_ADDRESSES = 8

Value = TypeVar("Value")


class TakesNoMail(Exception):
    """The domain says that it takes no mail: a null MX."""


class NoSuchMailDomain(Exception):
    """The domain does not exist, or has neither MX nor address."""


class NoHostAllowed(Exception):
    """None of the domain's mail exchangers is one that its MTA-STS policy names."""


class LeadsNowhere(Exception):
    """All MX hosts have addresses that we may not connect to: loopback, private networks."""


class Clock(Protocol):
    """Seconds, only forward."""

    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Route:
    """The MX hosts of a domain as (preference, host), sorted. Equal routes lead to the same site.

    `secure`: the DNS vouches for them (DNSSEC), so DANE may hold there. `enforced`: they are those that an MTA-STS policy
    names, and their certificates must be good for their names. `account`: it leads to no mail server but to the API of an
    ESP's account: its id and version.
    """

    exchangers: tuple[tuple[int, str], ...]
    secure: bool = False
    enforced: bool = False
    account: str = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(host for _, host in self.exchangers)


@dataclass(frozen=True, slots=True)
class _Addresses:
    found: tuple[str, ...]
    secure: bool


class Routes:
    """The routes of all domains; asks the DNS when it has to. Without `policies` MTA-STS is not looked at."""

    def __init__(
        self,
        dns: Dns,
        clock: Clock,
        *,
        reach: Reach,
        chance: random.Random | None = None,
        policies: Policies | None = None,
        port: int = 25,
    ) -> None:
        self._dns = dns
        self._clock = clock
        self._reach = reach
        self._chance = chance or random.Random()
        self._routes: Memory[Route] = Memory(clock)
        self._policies = policies
        self._port = port
        self._addresses: Memory[_Addresses] = Memory(clock)
        self._tlsas: Memory[tuple[Tlsa, ...]] = Memory(clock)

    async def of(self, domain: str) -> Route:
        """The route of a domain (A-labels, lower case); with EXCUSED before it, as if it asked for no TLS at all.

        Raises TakesNoMail, NoSuchMailDomain, NoHostAllowed, Unknown.
        """
        return await self._routes.get(domain, lambda: self._find(domain))

    def known(self, domain: str) -> Route | None:
        """The route if it is known now, without asking."""
        return self._routes.peek(domain)

    def policy_of(self, domain: str) -> Policy | None:
        """Its MTA-STS policy, as far as it is known now."""
        return self._policies.known(domain) if self._policies is not None else None

    def ask_again(self, domain: str) -> None:
        """What is known of a domain has led to trouble: ask for its records and its policy before the next session."""
        self._routes.doubt(domain)

    async def _find(self, way: str) -> tuple[Route, float]:
        domain = way.removeprefix(EXCUSED)
        route, ttl = await self._find_all(domain, None if domain != way else self._policies)
        return (Route(route.exchangers) if domain != way else route), ttl

    async def _find_all(self, domain: str, policies: Policies | None) -> tuple[Route, float]:
        asked, policy = await asyncio.gather(self._dns.mx(domain), _policy(policies, domain), return_exceptions=True)
        if isinstance(asked, NoSuchDomain):
            raise NoSuchMailDomain(f"the domain {domain} does not exist") from asked
        if isinstance(asked, BaseException):
            raise asked
        if isinstance(policy, BaseException):
            raise policy
        answer = asked
        records = [record for record in answer.records if isinstance(record, tuple)]
        exchangers = sorted({(preference, host) for preference, host in records if host})[:MAX_HOSTS]
        if records and not exchangers:
            raise TakesNoMail(f"{domain} says that it takes no mail (null MX)")
        if not exchangers:
            if not await self.addresses(domain):
                raise NoSuchMailDomain(f"{domain} has neither MX nor address")
            exchangers = [(0, domain)]
        ttl = answer.ttl
        if policies is not None and policies.is_pending(domain):
            ttl = min(ttl, AGAIN)
        if policy is None or policy.mode is not Mode.ENFORCE:
            return Route(tuple(exchangers), answer.secure), ttl
        allowed = [
            (preference, host)
            for preference, host in exchangers
            if policy.allows(host) or (answer.secure and await self._is_under_dane(host))
        ]
        if not allowed:
            assert policies is not None
            hosts = [host for _, host in exchangers]
            policies.names_none_of(domain, hosts)
            raise NoHostAllowed(
                f"the MTA-STS policy of {domain} names none of its mail exchangers: {', '.join(hosts[:3])}"
            )
        return Route(tuple(allowed), answer.secure, enforced=True), ttl

    async def _is_under_dane(self, host: str) -> bool:
        try:
            return bool(await self.tlsa(host))
        except Unknown:
            return False

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a host, IPv4 first. () when it has none. Raises Unknown."""
        return (await self._all_addresses(host)).found

    async def tlsa(self, host: str) -> tuple[Tlsa, ...]:
        """The TLSA records of a host, if the DNS vouches for them and for its addresses (RFC 7672, section 2.2.2); else ().

        Raises Unknown when it cannot be known whether there are any: then nothing may be sent there.
        """
        return await self._tlsas.get(host, lambda: self._find_tlsa(host), stale=False)

    async def _find_tlsa(self, host: str) -> tuple[tuple[Tlsa, ...], float]:
        if not (await self._all_addresses(host)).secure:
            return (), NEGATIVE
        try:
            answer = await self._dns.tlsa(f"_{self._port}._tcp.{host}")
        except NoSuchDomain:
            return (), NEGATIVE
        if not answer.secure:
            return (), min(answer.ttl, NEGATIVE)
        return tuple(record for record in answer.records if isinstance(record, Tlsa)), answer.ttl

    async def _all_addresses(self, host: str) -> _Addresses:
        return await self._addresses.get(host, lambda: self._find_addresses(host))

    async def _find_addresses(self, host: str) -> tuple[_Addresses, float]:
        found: list[str] = []
        ttls: list[float] = []
        secure = True
        trouble: Unknown | None = None
        for ask in (self._dns.a, self._dns.aaaa):
            try:
                answer: Answer = await ask(host)
            except NoSuchDomain:
                break
            except Unknown as error:
                trouble = error
                continue
            found += [record for record in answer.records if isinstance(record, str)][:MAX_ADDRESSES]
            ttls.append(answer.ttl)
            secure &= answer.secure
        if not found and trouble is not None:
            raise trouble
        return _Addresses(tuple(found), secure and bool(found)), min(ttls, default=NEGATIVE)

    async def plan(self, route: Route) -> list[tuple[str, str]]:
        """(host, address) in the order to be tried: by preference, shuffled among equals; [] when no host has an address.
        Raises LeadsNowhere when none may be connected to, Unknown when none could be found out.
        """
        by_preference: dict[int, list[str]] = {}
        for preference, host in route.exchangers:
            by_preference.setdefault(preference, []).append(host)
        plan: list[tuple[str, str]] = []
        trouble: Unknown | None = None
        forbidden = ""
        for preference in sorted(by_preference):
            hosts = by_preference[preference]
            self._chance.shuffle(hosts)
            for host in hosts:
                try:
                    addresses = await self.addresses(host)
                except Unknown as error:
                    trouble = error
                    continue
                for address in addresses:
                    if may_connect(address, self._reach):
                        plan.append((host, address))
                    else:
                        forbidden = f"{host} has the address {address}, to which no mail is sent from here"
        if not plan and forbidden:
            raise LeadsNowhere(forbidden)
        if not plan and trouble is not None:
            raise trouble
        return plan


async def _policy(policies: Policies | None, domain: str) -> Policy | None:
    return await policies.of(domain) if policies is not None else None


@dataclass(slots=True)
class _Entry(Generic[Value]):
    value: Value | None
    error: Exception | None
    until: float


class Memory(Generic[Value]):
    """Answers by name until they expire; a name is asked once at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: OrderedDict[str, _Entry[Value]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Value]] = {}

    def peek(self, name: str) -> Value | None:
        entry = self._entries.get(name)
        return entry.value if entry is not None and self._clock.monotonic() < entry.until else None

    def doubt(self, name: str) -> None:
        """Ask again before it is used again; what is known stays, for when nobody answers."""
        if (entry := self._entries.get(name)) is not None:
            entry.until = min(entry.until, self._clock.monotonic())

    async def get(self, name: str, find: Callable[[], Awaitable[tuple[Value, float]]], *, stale: bool = True) -> Value:
        """The remembered answer, or what `find` says: (value, TTL in seconds). Its errors are remembered for a minute.

        `stale`: whether an answer whose time is over is better than none.
        """
        entry = self._entries.get(name)
        if entry is not None and self._clock.monotonic() < entry.until:
            if entry.error is not None:
                raise entry.error
            assert entry.value is not None
            return entry.value
        task = self._asking.get(name)
        if task is None:
            task = asyncio.ensure_future(self._ask(name, find, stale))
            self._asking[name] = task
            task.add_done_callback(lambda done: self._asked(name, done))
        return await asyncio.shield(task)

    def _asked(self, name: str, task: "asyncio.Task[Value]") -> None:
        self._asking.pop(name, None)
        if not task.cancelled():
            task.exception()  # whoever waits has been told

    async def _ask(self, name: str, find: Callable[[], Awaitable[tuple[Value, float]]], stale: bool) -> Value:
        before = self._entries.get(name) if stale else None
        try:
            value, ttl = await find()
        except Unknown:
            if before is not None and before.value is not None and self._clock.monotonic() < before.until + STALE:
                return before.value
            raise
        except (TakesNoMail, NoSuchMailDomain, NoHostAllowed) as error:
            self._keep(name, _Entry(None, error, self._clock.monotonic() + NEGATIVE))
            raise
        self._keep(name, _Entry(value, None, self._clock.monotonic() + min(max(ttl, SHORTEST), LONGEST)))
        return value

    def _keep(self, name: str, entry: _Entry[Value]) -> None:
        self._entries[name] = entry
        self._entries.move_to_end(name)
        if len(self._entries) > CACHE_SIZE:
            self._entries.popitem(last=False)
