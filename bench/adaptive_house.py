"""A house without tables for the relay in virtual time: a backlog that never ends, results that are counted, one domain's DNS."""

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from bench.adaptive_time import EPOCH
from sending.relay.dns import Answer, NoSuchDomain
from sending.relay.ports import Lane, Leave, Letter, Parcel, Settlement
from sending.relay.rulings import Ruling

DOMAIN, HOST = "secretive.example", "mx.secretive.example"
LETTER = b"Subject: hello\r\n\r\n" + b"A line of words that somebody wants to read.\r\n" * 20


class Names:
    """The DNS."""

    async def mx(self, domain: str) -> Answer:
        return self._known(domain == DOMAIN, (10, HOST))

    async def a(self, host: str) -> Answer:
        return self._known(host == HOST, "127.0.0.1")

    async def aaaa(self, host: str) -> Answer:
        return Answer((), 3600.0)

    async def txt(self, name: str) -> Answer:
        raise NoSuchDomain(name)

    async def tlsa(self, name: str) -> Answer:
        raise NoSuchDomain(name)

    def _known(self, is_it: bool, *records: Any) -> Answer:
        if not is_it:
            raise NoSuchDomain("")
        return Answer(records, 3600.0)


class Backlog:
    """Spool, Journal and Composer in one. `outcomes`: settlements by state; tries are those that counted as such."""

    def __init__(self, loop: asyncio.AbstractEventLoop, count: int) -> None:
        self._loop = loop
        self._lane = Lane(1, 1, 1, DOMAIN, 0, EPOCH, 72 * 3600.0)
        self._ready = deque((n, 0) for n in range(count))
        self._later: list[tuple[float, int, int]] = []
        self._held: dict[int, int] = {}
        self.outcomes: Counter[str] = Counter()
        self.claimed = 0
        self.released = 0
        self.facts: dict[str, Any] = {}

    def _come_due(self) -> None:
        now = EPOCH + self._loop.time()
        while self._later and self._later[0][0] <= now:
            _, number, attempts = heapq.heappop(self._later)
            self._ready.append((number, attempts))

    async def waiting(self) -> Sequence[Lane]:
        self._come_due()
        if self._ready:
            return [self._lane]
        if not self._later:
            return []
        wait = max(0.0, self._later[0][0] - EPOCH - self._loop.time())
        return [Lane(1, 1, 1, DOMAIN, 0, self._later[0][0], 72 * 3600.0, wait)]

    async def let_go(self) -> None:
        return None

    async def claim(self, wishes: Sequence[tuple[Lane, int]], but: Mapping[int, Any]) -> Sequence[Parcel]:
        self._come_due()
        now = EPOCH + self._loop.time()
        found = []
        for lane, count in wishes:
            for _ in range(min(count, len(self._ready))):
                number, attempts = self._ready.popleft()
                self._held[number] = attempts
                found.append(Parcel(number, lane, f"p{number}@{DOMAIN}", attempts, now, EPOCH, "", None))
        self.claimed += len(found)
        return found

    async def flush(self, settlements: Sequence[Settlement], asked: Sequence[int], seq: int) -> Sequence[Leave]:
        await asyncio.sleep(0.002)
        for one in settlements:
            attempts = self._held.pop(one.id)
            self.released += one.state == "released"
            if one.state == "released":
                self._ready.appendleft((one.id, attempts))
                continue
            self.outcomes[one.state] += 1
            if one.state == "deferred":
                heapq.heappush(self._later, (one.due, one.id, attempts + one.tried))
        return [Leave(number) for number in asked if number in self._held]

    async def beat(self, facts: dict[str, Any]) -> int:
        self.facts = facts
        return 1

    async def learned(self) -> Sequence[object]:
        return []

    async def trim(self, before: int) -> None:
        return None

    async def reap(self) -> int:
        return 0

    async def wave(self, wave: Any) -> int:
        return 0

    async def leave(self) -> None:
        return None

    async def count_tls(self, counts: Any) -> None:
        return None

    async def rulings(self) -> Sequence[Ruling]:
        return []

    async def rule(self, ruling: Ruling) -> None:
        return None

    async def budgets(self) -> Sequence[Any]:
        return []

    async def wait_for_rulings(self) -> None:
        await asyncio.sleep(60)

    async def wait_for_mail(self) -> bool:
        await asyncio.sleep(3600)
        return False

    async def compose(self, parcel: Parcel) -> Letter:
        return Letter(f"b{parcel.id}@bounces.example.com", LETTER)
