"""The relay at work: claim what is due, carry it, settle what became of it; stay alive; give way, and stop, in good order.

Policy: the ledger's rows are the only queue, so nothing here has to survive. Read on in the order of a message's way:
claiming.py, ways.py, open_sites.py and site.py, carrying.py, commits.py.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Collection

from sending.relay import accounts, heartbeat, owning
from sending.relay.accounts import Calls, Posting
from sending.relay.carrying import Carrying
from sending.relay.claiming import Claiming
from sending.relay.commits import Commits
from sending.relay.doors import Doors
from sending.relay.footing import Footings, Slots
from sending.relay.lanes import Lanes
from sending.relay.memory import Memory
from sending.relay.obeying import Obeying
from sending.relay.open_sites import OpenSites
from sending.relay.owning import Addresses, Owning
from sending.relay.parking import Parking
from sending.relay.ports import Clock, Composer, Journal, Lane, Spool, Unreachable
from sending.relay.routes import Route, Routes
from sending.relay.site import Site
from sending.relay.sites import Directory
from sending.relay.sources import Source, Sources
from sending.relay.standstill import Standstill
from sending.relay.tls_counts import TlsCounts
from sending.relay.waves import Waves
from sending.relay.ways import Ways

log = logging.getLogger(__name__)

BEAT = 1.0  # seconds
STANDS_STILL = "most of the great providers that its mail waits for take nothing from us"


class Relay:
    """One relay process. `run()` works until `stop()`; then it drains. Raises Fenced when another relay ended this one.

    `connections`: open at once, over all sites; 0: without limit.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        journal: Journal,
        composer: Composer,
        routes: Routes,
        doors: Doors,
        directory: Directory,
        clock: Clock,
        sources: Sources | None = None,
        addresses: Addresses | None = None,
        usable: Callable[[Source], bool] = lambda source: True,
        counts: TlsCounts | None = None,
        posting: Posting | None = None,
        stand_for: float = 300.0,
        chance: random.Random | None = None,
        drain_seconds: float = 25.0,
        connections: int = 0,
    ) -> None:
        self._journal = journal
        self._doors = doors
        self._directory = directory
        self._clock = clock
        self._counts = counts or TlsCounts(clock)
        self._posting = posting
        self._calls = Calls(posting, clock) if posting is not None else None
        self._drain_seconds = drain_seconds
        self._relays = 1
        self.footings = Footings(clock)
        self._memory = Memory(clock)
        self._everywhere = Slots(lambda: connections)
        sources, chance = sources or Sources(), chance or random.Random()
        self.sites = OpenSites(clock, sources, begin=self._begin, chance=chance)
        self._commits = Commits(journal, clock, ended=lambda end: self._obeying.ended(end.id, tried=end.tried))
        lanes = self._lanes = Lanes()
        self._standstill = Standstill(clock, self._place_of)
        self._stand_for = stand_for
        self._obeying = Obeying(journal, clock, sites=self.sites, lanes=lanes)
        self._ways = Ways(routes, clock, found=lanes.wake)
        self._carrying = Carrying(
            composer,
            clock,
            chance,
            lanes=lanes,
            ways=self._ways,
            sites=self.sites,
            commits=self._commits,
            waves=Waves(journal, clock),
            parking=Parking(journal, clock),
            obeying=self._obeying,
        )
        self._claiming = Claiming(
            spool,
            clock,
            lanes=lanes,
            ways=self._ways,
            sites=self.sites,
            commits=self._commits,
            carrying=self._carrying,
            obeying=self._obeying,
        )

        self._owning = (
            Owning(addresses, sources, clock, changed=self._follow, is_quiet=self.sites.is_quiet, usable=usable)
            if addresses is not None
            else None
        )

    def _begin(self, route: Route, source: Source) -> Site:
        provider = (
            accounts.provider_of(route, self._directory) if route.account else self._directory.provider_of(route.hosts)
        )
        site = Site(
            route,
            provider,
            source=source,
            footing=self.footings.of(provider, route, source=source, relays=self._relays),
            everywhere=self._everywhere,
            carrier=self._carrying,
            doors=self._calls if route.account and self._calls is not None else self._doors,
            clock=self._clock,
            relays=self._relays,
        )
        if source.id and not route.account:
            site.footing.budget = self._obeying.budgets.of(source.id, provider.name)
        self._memory.remind(site)
        self._obeying.begin(site)
        return site

    def stop(self) -> None:
        """Drain: nothing new; what is in conversation may end."""
        self._claiming.stop()

    async def run(self) -> None:
        self._memory = Memory(self._clock, await self._journal.learned())
        await self._obeying.learn()  # before anything is claimed
        await self._look_at_addresses()
        commits = asyncio.ensure_future(self._commits.run())
        claiming = asyncio.ensure_future(self._claiming.run())
        tasks = [commits, claiming, asyncio.ensure_future(self._beat()), asyncio.ensure_future(self._listen())]
        tasks.append(asyncio.ensure_future(self._obeying.run()))
        tasks.append(asyncio.ensure_future(self._own()))
        if self._posting is not None:
            tasks.append(asyncio.ensure_future(self._watch_accounts(self._posting)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # raises what ended it
            await self._drain(commits)
        finally:
            await self._end([*tasks, *self._ways.lookups, *self.sites.workers])

    async def _end(self, tasks: "Collection[asyncio.Task[None]]") -> None:
        """Now, whatever they are at. Trap: asyncio.wait_for misses a cancellation that comes as its own wait ends (Python 3.11)."""
        for site in self.sites:
            site.abort()
        left = set(tasks)
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=0.5)
        await asyncio.gather(*tasks, return_exceptions=True)  # what they ended with is known

    async def _beat(self) -> None:
        delivered_before, at = 0, self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            delivered = self._carrying.delivered
            rate = (delivered - delivered_before) / max(0.001, now - at)
            delivered_before, at = delivered, now
            try:
                relays = await self._journal.beat(
                    heartbeat.facts(
                        self.sites, clock=self._clock, rate=rate, delivered=delivered, talks=self._carrying.talks
                    )
                    | ({"able": self._owning.able} if self._owning is not None else {})
                )
                if relays != self._relays:
                    self._relays = relays
                    self.footings.share(relays)
                    self._obeying.share(relays)
                    for site in self.sites:
                        site.share(relays)
                await self._commits.trim()
                await self._write_counts()
                if await self._journal.reap():
                    self._claiming.look_again(at_once=False)
            except Unreachable as error:
                log.warning("No heartbeat: %s", error)
            await asyncio.sleep(BEAT)

    async def _own(self) -> None:
        while True:
            await asyncio.sleep(owning.LOOK)
            await self._look_at_addresses()

    async def _look_at_addresses(self) -> None:
        if self._owning is not None:
            try:
                await self._owning.look()
            except Unreachable as error:
                log.warning("The locks on our addresses: %s", error)

    def _follow(self) -> None:
        """Our addresses are others now."""
        self.sites.follow(stopping=self._owning is not None and self._owning.stopping)
        self._claiming.look_again(at_once=True)

    async def _write_counts(self) -> None:
        if counts := self._counts.take():
            try:
                await self._journal.count_tls(counts)
            except Unreachable:
                self._counts.give_back(counts)
                raise

    async def _listen(self) -> None:
        while True:
            at_once = False
            try:
                at_once = await self._journal.wait_for_mail()
            except Unreachable:
                await asyncio.sleep(1.0)
            self._claiming.look_again(at_once=at_once)
            await asyncio.sleep(0.05)

    def _place_of(self, lane: Lane) -> tuple[object, bool] | None:
        """The provider that a lane waits for, if we know it, and whether it is out of order."""
        route = self._ways.route(lane.way)
        sites = self.sites.of(lane.pool_id, route) if route is not None else []
        if not sites or not sites[0].provider.is_known:
            return None
        return sites[0].provider.name, all(site.is_out_of_order for site in sites)

    async def _watch_accounts(self, posting: Posting) -> None:
        """Not within the heartbeat: an API may take a minute to answer."""
        while True:
            try:
                changed = await posting.watch()
                for stream_id, seconds in self._standstill.look(self._lanes.ready.values()).items():
                    if seconds >= self._stand_for:
                        changed |= await posting.leave_own(stream_id, STANDS_STILL)
                if changed:
                    self._claiming.look_again(at_once=True)
            except Unreachable as error:
                log.warning("The accounts cannot be looked after: %s", error)
            except Exception:  # the mail of everybody else goes on
                log.exception("Accounts could not be looked after.")
            await asyncio.sleep(BEAT)

    async def _drain(self, commits: "asyncio.Task[None]") -> None:
        if self._owning is not None:
            self._owning.stopping = True
        for site in self.sites:
            site.drain()
        if workers := self.sites.workers:
            await asyncio.wait(workers, timeout=self._drain_seconds)
        for site in self.sites:
            site.abort()
        if workers := self.sites.workers:
            await asyncio.wait(workers, timeout=5)
        await asyncio.wait(
            [asyncio.ensure_future(self._commits.drained()), commits], return_when=asyncio.FIRST_COMPLETED
        )
        if commits.done():
            commits.result()
        await self._write_counts()
        await self._journal.leave()
