"""A world without tables for the relay's engine: a ledger of lists, a DNS of dictionaries, a clock that can be turned."""

import asyncio
import random
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sending.relay import sites
from sending.relay.addresses import Reach
from sending.relay.budgets import Budget
from sending.relay.dns import Answer, NoSuchDomain, Tlsa, Unknown
from sending.relay.doors import Doors, House
from sending.relay.engine import Relay
from sending.relay.ports import Fenced, Lane, Leave, Letter, Parcel, Settlement, Unreachable, Wave
from sending.relay.routes import Routes
from sending.relay.rulings import Ruling
from sending.relay.session import Timeouts
from sending.relay.tls_counts import Counted, Session, TlsCounts

QUICK = Timeouts(connect=5, greeting=5, command=5, data=5, write=5, final=5, quit=0.5)


class Clock:
    """Real time, plus what the test turns it by."""

    def __init__(self) -> None:
        self.turned = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.turned

    def wall(self) -> float:
        return time.time() + self.turned


@dataclass
class Names:
    """A Dns of dictionaries; `broken` names cannot be asked. Counts its questions."""

    mxs: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    hosts: dict[str, list[str]] = field(default_factory=dict)
    sixes: dict[str, list[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    txts: dict[str, list[bytes]] = field(default_factory=dict)
    tlsas: dict[str, list[Tlsa]] = field(default_factory=dict)
    secure: set[str] = field(default_factory=set)  # names whose answers are validated
    ttl: float = 60.0
    asked: list[str] = field(default_factory=list)

    async def mx(self, domain: str) -> Answer:
        return await self._answer("mx", domain, self.mxs)

    async def a(self, host: str) -> Answer:
        return await self._answer("a", host, self.hosts)

    async def aaaa(self, host: str) -> Answer:
        return await self._answer("aaaa", host, self.sixes)

    async def txt(self, name: str) -> Answer:
        return await self._answer("txt", name, self.txts)

    async def tlsa(self, name: str) -> Answer:
        return await self._answer("tlsa", name, self.tlsas)

    async def _answer(self, kind: str, name: str, records: dict[str, Any]) -> Answer:
        self.asked.append(f"{kind} {name}")
        await asyncio.sleep(0.001)
        if name in self.broken:
            raise Unknown(name)
        if not any(name in known for known in (self.mxs, self.hosts, self.sixes, self.txts, self.tlsas)):
            raise NoSuchDomain(name)
        return Answer(tuple(records.get(name, ())), self.ttl, name in self.secure)


class Town:
    """Spool, Journal and Composer in one: deliveries in a dictionary."""

    def __init__(self, *, clock: Clock, give_up_after: float = 48 * 3600.0) -> None:
        self.clock = clock
        self.give_up_after = give_up_after
        self.lanes: dict[int, Lane] = {}
        self.waiting_rows: dict[int, dict[str, Any]] = {}
        self.held: dict[int, dict[str, Any]] = {}
        self.settled: list[Settlement] = []
        self.flushes: list[tuple[list[Settlement], list[int]]] = []
        self.holds: dict[int, str] = {}
        self.refusals: dict[int, str] = {}
        self.at_once = False
        self.away = False
        self.fenced = False
        self.facts: dict[str, Any] = {}
        self.left = False
        self.waves: list[Wave] = []
        self.ruled: list[Ruling] = []
        self.budgeted: list[Budget] = []
        self.tls: dict[Session, int] = {}
        self.tls_only: set[int] = set()  # organizations that wish it from now on
        self.slow_flush = 0.0
        self.unmakeable: set[int] = set()
        self._news = asyncio.Event()

    def add(
        self,
        count: int,
        *,
        domain: str = "one.example",
        organization: int = 1,
        mailing: int = 1,
        priority: int = 0,
        born: float | None = None,
        tls_only: bool = False,
    ) -> list[int]:
        key = hash((mailing, domain)) % 100_000
        now = self.clock.wall()
        self.lanes[key] = Lane(key, organization, mailing, domain, priority, now, self.give_up_after, tls_only=tls_only)
        start = len(self.waiting_rows) + len(self.held) + len(self.settled) + 1 + 10_000 * mailing
        ids = list(range(start, start + count))
        for number in ids:
            self.waiting_rows[number] = {
                "lane": key,
                "address": f"p{number}@{domain}",
                "attempts": 0,
                "due": now - 1,
                "born": now if born is None else born,
            }
        self._news.set()
        return ids

    def outcomes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for settlement in self.settled:
            found[settlement.state] = found.get(settlement.state, 0) + 1
        return found

    # Spool

    async def waiting(self) -> Sequence[Lane]:
        self._reach()
        due: dict[int, float] = {}
        for row in self.waiting_rows.values():
            lane = self.lanes[row["lane"]]
            if self.holds.get(lane.mailing_id, "undo") == "undo":
                due[lane.id] = min(due.get(lane.id, 1e18), row["due"])
        return [
            Lane(
                lane.id,
                lane.organization_id,
                lane.mailing_id,
                lane.domain,
                lane.priority,
                due[lane.id],
                lane.give_up_after,
                max(0.0, due[lane.id] - self.clock.wall()),
                lane.mailing_id in self.holds,
                lane.tls_only or lane.organization_id in self.tls_only,
                pool_id=lane.pool_id,
            )
            for lane in self.lanes.values()
            if lane.id in due
        ]

    async def let_go(self) -> None:
        """The window of an undo ends when the first of its deliveries is due."""
        self._reach()
        for row in self.waiting_rows.values():
            mailing_id = self.lanes[row["lane"]].mailing_id
            if row["due"] <= self.clock.wall() and self.holds.get(mailing_id) == "undo":
                del self.holds[mailing_id]

    async def claim(
        self, wishes: Sequence[tuple[Lane, int]], but: Mapping[int, Collection[int]] = MappingProxyType({})
    ) -> Sequence[Parcel]:
        self._reach()
        parcels = []
        for lane, count in wishes:
            mine = [
                n for n, row in self.waiting_rows.items() if row["lane"] == lane.id and row["due"] <= self.clock.wall()
            ]
            for number in sorted(mine)[:count]:
                row = self.held[number] = self.waiting_rows.pop(number)
                parcels.append(
                    Parcel(
                        number,
                        lane,
                        row["address"],
                        row["attempts"],
                        row["due"],
                        row["born"],
                        self.refusals.get(-number, ""),
                        None,
                    )
                )
        return parcels

    # Journal

    async def flush(self, settlements: Sequence[Settlement], asked: Sequence[int], seq: int) -> Sequence[Leave]:
        self._reach()
        if self.slow_flush:
            await asyncio.sleep(self.slow_flush)
            self._reach()
        self.flushes.append((list(settlements), list(asked)))
        for settlement in settlements:
            row = self.held.pop(settlement.id, None)
            if row is None:
                continue
            if settlement.state in ("released", "deferred"):
                row["attempts"] += settlement.tried
                row["due"] = settlement.due or row["due"]
                self.waiting_rows[settlement.id] = row
            if settlement.state != "released":
                self.settled.append(settlement)
        return [
            Leave(
                number,
                self.holds.get(self.lanes[self.held[number]["lane"]].mailing_id, ""),
                self.refusals.get(number, ""),
                self.lanes[self.held[number]["lane"]].organization_id in self.tls_only,
            )
            for number in asked
            if number in self.held and not self.fenced
        ]

    async def beat(self, facts: dict[str, Any]) -> int:
        self._reach()
        if self.fenced:
            raise Fenced("declared dead")
        self.facts = facts
        return 1

    async def learned(self) -> list[object]:
        return list(self.facts.get("learned", ()))

    async def trim(self, before: int) -> None:
        return None

    async def reap(self) -> int:
        return 0

    async def wave(self, wave: Wave) -> int:
        if self.away:
            raise Unreachable("away")
        self.waves.append(wave)
        return 0

    async def count_tls(self, counts: Mapping[Session, Counted]) -> None:
        self._reach()
        for session, counted in counts.items():
            self.tls[session] = self.tls.get(session, 0) + counted.n

    async def leave(self) -> None:
        self.left = True

    async def rulings(self) -> list[Ruling]:
        self._reach()
        return [ruling for ruling in self.ruled if ruling.until > self.clock.wall()]

    async def budgets(self) -> list[Budget]:
        self._reach()
        return list(self.budgeted)

    async def rule(self, ruling: Ruling) -> None:
        self._reach()
        self.ruled.append(ruling)

    async def wait_for_rulings(self) -> None:
        await asyncio.sleep(0.02)

    async def wait_for_mail(self) -> bool:
        await self._news.wait()
        self._news.clear()
        return self.at_once

    # Composer

    async def compose(self, parcel: Parcel) -> Letter:
        from sending.relay.ports import Unmakeable

        if parcel.id in self.unmakeable:
            raise Unmakeable("merge", "a subject that is too long")
        return Letter(f"b{parcel.id}@bounces.example.com", b"Subject: %d\r\n\r\nhello\r\n" % parcel.id)

    def _reach(self) -> None:
        if self.away:
            raise Unreachable("the database is away")


@dataclass
class World:
    """A relay at work in its town; `port` is where every host listens."""

    town: Town
    names: Names
    clock: Clock
    relay: Relay
    task: "asyncio.Task[None] | None" = None

    async def __aenter__(self) -> "World":
        self.task = asyncio.ensure_future(self.relay.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.relay.stop()
        if self.task is not None:
            await asyncio.wait([self.task], timeout=5)
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def until(self, holds: Any, *, within: float = 20.0) -> None:
        end = time.monotonic() + within
        while not holds():
            assert time.monotonic() < end, f"in vain: {self.town.outcomes()}, waiting {len(self.town.waiting_rows)}"
            await asyncio.sleep(0.01)


def world(
    port: int,
    *,
    names: Names | None = None,
    reach: Reach = Reach.LOOPBACK,
    drain: float = 1.0,
    timeouts: Timeouts = QUICK,
    tls: ssl.SSLContext | None = None,
    directory: sites.Directory | None = None,
    connections: int = 0,
) -> World:
    clock = Clock()
    town = Town(clock=clock)
    names = names or Names(mxs={"one.example": [(10, "mx.one.example")]}, hosts={"mx.one.example": ["127.0.0.1"]})
    routes = Routes(names, clock, reach=reach, chance=random.Random(1))
    house = House(name="relay.example", port=port, reach=reach, tls=tls, timeouts=timeouts)
    counts = TlsCounts(clock)
    relay = Relay(
        spool=town,
        journal=town,
        composer=town,
        routes=routes,
        doors=Doors(routes, house, clock, counts=counts),
        counts=counts,
        directory=directory or sites.directory(),
        clock=clock,
        chance=random.Random(1),
        drain_seconds=drain,
        connections=connections,
    )
    return World(town, names, clock, relay)
