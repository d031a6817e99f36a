"""Opening a session at a site: hosts by preference, each of their addresses, TLS as the rule for the host asks for it.

Policy: tls_rules.py says what a session has to prove. Where nothing has to be proved and a handshake fails, the same host is
tried again in clear text, and that is remembered, so that a broken TLS costs one handshake a day and not one a message. A
host that does not prove what it must is not spoken to; the next one is tried, and when none is left, the mail waits. A host
that did not answer is tried last for a while.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sending.judging import trouble
from sending.judging.trouble import Stage
from sending.relay import dane
from sending.relay import session as sessions
from sending.relay.addresses import Reach, may_connect
from sending.relay.dns import Unknown
from sending.relay.ports import Clock, Verdict
from sending.relay.routes import LeadsNowhere, Route, Routes
from sending.relay.session import Cut, Refused, Session, Timeouts, TlsFailed
from sending.relay.sources import ANY, Source
from sending.relay.tls_counts import PolicyType, Result, TlsCounts
from sending.relay.tls_rules import Rule, rule_at

BROKEN_TLS_FOR = 24 * 3600.0
DEAD_FOR = 60.0
CLEAR_FOR = 60.0  # seconds for which a site is taken to have no TLS at all
MAX_ADDRESSES = 6  # tried for one session
MAX_REMEMBERED = 10_000
NO_TLS = "451 4.7.5"  # "cryptographic failure" (RFC 3463, section 3.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """How this relay presents itself. `tls`: encrypts with anybody, None: never; `verifying`: with hosts that a public authority
    knows by name.
    """

    name: str
    port: int
    reach: Reach
    tls: ssl.SSLContext | None
    timeouts: Timeouts
    verifying: ssl.SSLContext | None = None


class NoDoor(Exception):
    """No session could be opened; the verdict says why, for the message that waited for it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.text)
        self.verdict = verdict


class Doors:
    """Opens sessions, and remembers which hosts are dead, whose TLS is broken, and where there is none."""

    def __init__(
        self,
        routes: Routes,
        house: House,
        clock: Clock,
        *,
        connect: Callable[..., Awaitable[Session]] = sessions.connect,
        counts: TlsCounts | None = None,
    ) -> None:
        self._routes = routes
        self._house = house
        self._clock = clock
        self._connect = connect
        self._counts = counts or TlsCounts(clock)
        self._dead: dict[tuple[int, str], float] = {}
        self._broken_tls: dict[str, float] = {}
        self._clear: dict[Route, tuple[float, Verdict]] = {}
        self._anchors: dict[str, bytes] = {}

    def only_in_clear(self, route: Route) -> Verdict | None:
        """What mail that may not leave in clear text was told at this site a moment ago."""
        until, verdict = self._clear.get(route, (0.0, None))
        return verdict if until > self._clock.monotonic() else None

    async def open(
        self,
        route: Route,
        *,
        provider: str,
        domain: str = "",
        tls_required: bool = False,
        tls_only: bool = False,
        source: Source = ANY,
    ) -> Session:
        """A session at the best host that answers, for mail to `domain`. Raises NoDoor.

        `tls_required`: by the provider's rule; `tls_only`: by the wish of the mail's organization.
        """
        now = self._clock.monotonic()
        plan = [place for place in await self._plan(route) if source.reaches(place[1])]
        if not plan:
            text = f"no mail exchanger has an address that {source.address} can reach (IPv4 and IPv6 do not meet)"
            raise NoDoor(Verdict(trouble.NETWORK, text=text, host=route.hosts[0]))
        plan.sort(key=lambda host_address: self._dead.get((source.id, host_address[1]), 0.0) > now)
        last: Verdict | None = None
        for host, address in plan[:MAX_ADDRESSES]:
            try:
                rule = await rule_at(host, route, self._routes, domain=domain, tls_required=tls_required or tls_only)
            except Unknown as error:
                self._count(domain, Rule(policy=PolicyType.DANE), Result.DNSSEC_INVALID, host, address, why=str(error))
                text = f"the DNS does not say whether {host} is under DANE, so nothing is sent there: {error}"
                last = Verdict(trouble.DNS, "451 4.4.3", text, host, address=address)
                continue
            try:
                session = await self._greet(host, address, rule, domain, source)
            except Refused as refused:
                judgement = trouble.judge_at_the_door(refused.reply, stage=Stage(refused.stage), provider=provider)
                last = Verdict(judgement, refused.reply.codes, refused.reply.text, host, address=address)
            except TlsFailed as failed:
                if rule.policy is PolicyType.STS:
                    self._routes.ask_again(domain)
                wished = tls_only and not tls_required and rule.is_ours
                judgement = trouble.NOT_IN_CLEAR if wished else trouble.NO_TLS
                last = Verdict(judgement, NO_TLS, _in_words(rule, wished, host, failed), host, address=address)
                continue  # it is not dead
            except Cut as cut:
                if last is None:
                    last = Verdict(trouble.NETWORK, "", cut.why, host, address=address)
            else:
                if session.tls:
                    self._clear.pop(route, None)
                return session
            _remember(self._dead, (source.id, address), self._clock.monotonic() + DEAD_FOR)
        assert last is not None
        if last.judgement is trouble.NOT_IN_CLEAR:
            _remember(self._clear, route, (self._clock.monotonic() + CLEAR_FOR, last))
        raise NoDoor(last)

    async def _plan(self, route: Route) -> list[tuple[str, str]]:
        try:
            plan = await self._routes.plan(route)
        except LeadsNowhere as error:
            raise NoDoor(Verdict(trouble.NOWHERE, "554 5.4.4", str(error), route.hosts[0])) from error
        except Unknown as error:
            raise NoDoor(
                Verdict(trouble.DNS, "451 4.4.3", f"the DNS gives no answer: {error}", route.hosts[0])
            ) from error
        if not plan:
            text = f"no mail exchanger has an address: {', '.join(route.hosts[:3])}"
            raise NoDoor(Verdict(trouble.DNS, "451 4.4.4", text, route.hosts[0]))
        return plan

    async def _greet(self, host: str, address: str, rule: Rule, domain: str, source: Source) -> Session:
        """A session as the rule wants it. Raises Refused, Cut, TlsFailed."""
        try:
            session = await self._prove(host, address, rule, domain, source)
        except TlsFailed as failed:
            self._count(domain, rule, failed.result, host, address, why=str(failed))
            if rule.tlsa or rule.verified:
                raise
            if not rule.tried:
                if rule.required:
                    raise
                _remember(self._broken_tls, host, self._clock.monotonic() + BROKEN_TLS_FOR)
                return await self._in_clear(host, address, source)
        else:
            result = Result.SUCCESS if session.tls else Result.NO_STARTTLS
            why = "" if session.tls else "the server offers no STARTTLS, or its TLS was broken a while ago"
            self._count(domain, rule, result, host, address, source=session.source, why=why)
            return session
        # A policy that is being tested: told, and now as if there were none.
        return await self._greet(host, address, Rule(required=rule.required), "", source)

    async def _prove(self, host: str, address: str, rule: Rule, domain: str, source: Source) -> Session:
        house = self._house
        if rule.tlsa:
            session = await self._under_dane(host, address, rule, domain, source)
            session.proof = "dane"
        elif rule.verified or rule.tried:
            if rule.unnamed:
                raise TlsFailed("not a host that the policy names")
            if house.verifying is None:
                raise TlsFailed("certificates cannot be verified here")
            session = await self._begin(host, address, house.verifying, source, required=True)
            session.proof = "sts"
        elif not rule.required and self._broken_tls.get(host, 0.0) > self._clock.monotonic():
            session = await self._begin(host, address, None, source)
        else:
            session = await self._begin(host, address, house.tls, source, required=rule.required)
            session.proof = "opportunistic"
        return session

    async def _under_dane(self, host: str, address: str, rule: Rule, domain: str, source: Source) -> Session:
        """What names a certificate above the server's own can only be verified by a second handshake that trusts it: known then."""
        remembered = self._anchors.pop(host, None)
        anchor = remembered if remembered and dane.anchor(rule.tlsa, (b"", remembered)) else None
        if anchor is None:
            session = await self._begin(host, address, self._house.tls, source, required=True)
            chain = dane.chain_of(session.tls_object)
            if chain and dane.is_the_server(rule.tlsa, chain[0]):
                return session
            await session.close()
            anchor = dane.anchor(rule.tlsa, chain)
            if anchor is None:
                raise TlsFailed("the server's certificate is none that its TLSA records name", Result.NOT_TRUSTED)
        try:
            session = await self._begin(host, address, dane.trusting(anchor), source, required=True)
        except ssl.SSLError as error:
            raise TlsFailed(f"the certificate that its TLSA record names cannot be used: {error}") from error
        except TlsFailed:
            if anchor is remembered:  # the server has another certificate by now
                return await self._under_dane(host, address, rule, domain, source)
            raise
        if not dane.names_fit(session.tls_object.getpeercert() or {}, (host, domain)):
            session.abort()
            raise TlsFailed("the server's certificate is for another name", Result.HOST_MISMATCH)
        _remember(self._anchors, host, anchor)
        return session

    async def _in_clear(self, host: str, address: str, source: Source) -> Session:
        try:
            return await self._begin(host, address, None, source)
        except TlsFailed as error:  # cannot be: TLS was not asked for
            raise Cut(str(error)) from error

    async def _begin(
        self, host: str, address: str, tls: ssl.SSLContext | None, source: Source, *, required: bool = False
    ) -> Session:
        if not may_connect(address, self._house.reach):  # the last word, right before the connect
            raise Cut(f"{address} may not be connected to from here")
        house = self._house
        session = await self._connect(
            address, house.port, host=host, timeouts=house.timeouts, source=source.address, proxy=source.proxy
        )
        try:
            await session.open(name=source.name or house.name, tls=tls, required=required)
        except BaseException:
            session.abort()
            raise
        self._dead.pop((source.id, address), None)
        return session

    def _count(
        self, domain: str, rule: Rule, result: Result, host: str, address: str, *, source: str = "", why: str = ""
    ) -> None:
        if domain and self._house.tls is not None:
            self._counts.add(
                domain,
                rule.policy,
                result,
                host=host,
                address=address,
                source=source,
                lines=rule.lines,
                why=why,
            )


def _in_words(rule: Rule, wished: bool, host: str, failed: TlsFailed) -> str:
    """Who wants it, and what is the matter."""
    if rule.policy is PolicyType.DANE:
        who = f"{host} is under DANE"
    elif rule.verified:
        who = f"the MTA-STS policy of the domain wants a safe connection to {host}"
    elif wished:
        who = "your organization's mail may not leave in clear text"
    else:
        who = f"nothing is sent to {host} in clear text"
    return f"{who}, and a safe connection could not be made: {failed}"


def _remember(memory: dict[Any, Any], name: object, what: object) -> None:
    if len(memory) >= MAX_REMEMBERED:
        memory.pop(next(iter(memory)))
    memory[name] = what
