"""Opening a session at a site: hosts by preference, each of their addresses, STARTTLS when it works.

Policy: TLS is opportunistic. When a handshake fails, the same host is tried again in clear text, and that is remembered, so
that a broken TLS costs one handshake a day and not one a message. A host that did not answer is tried last for a while.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sending.judging import trouble
from sending.judging.trouble import Stage
from sending.relay import session as sessions
from sending.relay.addresses import Reach, may_connect
from sending.relay.dns import Unknown
from sending.relay.ports import Clock, Verdict
from sending.relay.routes import LeadsNowhere, Route, Routes
from sending.relay.session import Cut, Refused, Session, Timeouts, TlsFailed

BROKEN_TLS_FOR = 24 * 3600.0
DEAD_FOR = 60.0
MAX_ADDRESSES = 6  # tried for one session
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """How this relay presents itself. `tls` None: never. `source`: the IP address to send from, "" for the system's choice."""

    name: str
    port: int
    reach: Reach
    tls: ssl.SSLContext | None
    timeouts: Timeouts
    source: str = ""


class NoDoor(Exception):
    """No session could be opened; the verdict says why, for the message that waited for it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.text)
        self.verdict = verdict


class Doors:
    """Opens sessions, and remembers which hosts are dead and whose TLS is broken."""

    def __init__(
        self,
        routes: Routes,
        house: House,
        clock: Clock,
        *,
        connect: Callable[..., Awaitable[Session]] = sessions.connect,
    ) -> None:
        self._routes = routes
        self._house = house
        self._clock = clock
        self._connect = connect
        self._dead: dict[str, float] = {}
        self._broken_tls: dict[str, float] = {}

    async def open(self, route: Route, *, provider: str) -> Session:
        """A session at the best host that answers. Raises NoDoor."""
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
        now = self._clock.monotonic()
        plan.sort(key=lambda host_address: self._dead.get(host_address[1], 0.0) > now)
        last: Verdict | None = None
        for host, address in plan[:MAX_ADDRESSES]:
            try:
                return await self._greet(host, address)
            except Refused as refused:
                judgement = trouble.judge_at_the_door(refused.reply, stage=Stage(refused.stage), provider=provider)
                last = Verdict(judgement, refused.reply.codes, refused.reply.text, host)
            except Cut as cut:
                if last is None:
                    last = Verdict(trouble.NETWORK, "", cut.why, host)
            _remember(self._dead, address, self._clock.monotonic() + DEAD_FOR)
        assert last is not None
        raise NoDoor(last)

    async def _greet(self, host: str, address: str) -> Session:
        broken = self._broken_tls.get(host, 0.0) > self._clock.monotonic()
        try:
            return await self._begin(host, address, None if broken else self._house.tls)
        except TlsFailed:
            _remember(self._broken_tls, host, self._clock.monotonic() + BROKEN_TLS_FOR)
        try:
            return await self._begin(host, address, None)
        except TlsFailed as error:  # cannot be: TLS was not asked for
            raise Cut(str(error)) from error

    async def _begin(self, host: str, address: str, tls: ssl.SSLContext | None) -> Session:
        if not may_connect(address, self._house.reach):  # the last word, right before the connect
            raise Cut(f"{address} may not be connected to from here")
        house = self._house
        session = await self._connect(address, house.port, host=host, timeouts=house.timeouts, source=house.source)
        try:
            await session.open(name=house.name, tls=tls)
        except BaseException:
            session.abort()
            raise
        self._dead.pop(address, None)
        return session


def _remember(memory: dict[str, float], name: str, until: float) -> None:
    if len(memory) >= MAX_REMEMBERED:
        memory.pop(next(iter(memory)))
    memory[name] = until
