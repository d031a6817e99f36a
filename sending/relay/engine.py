"""The relay at work: claim what is due, in fair order; carry it; settle what became of it; give way, and stop, in good order.

Policy: the ledger's rows are the only queue, so nothing here has to survive. Memory holds at most MOST_READY claimed
deliveries. Traps: a lane whose site is held must not be claimed, but its old deliveries must still expire; a mailing that
was paused must stop at once, without hanging up once for every message that waits.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Any

from sending.judging import trouble
from sending.judging.trouble import Outcome
from sending.relay import retries
from sending.relay.commits import Commits, Granted
from sending.relay.dns import Unknown
from sending.relay.doors import Doors
from sending.relay.fairness import Ramp, Turns
from sending.relay.later import Later
from sending.relay.ports import (
    Clock,
    Composer,
    Fenced,
    Journal,
    Lane,
    Leave,
    Letter,
    Parcel,
    Settlement,
    Spool,
    Unmakeable,
    Unreachable,
    Verdict,
)
from sending.relay.routes import NoSuchMailDomain, Route, Routes, TakesNoMail
from sending.relay.session import Session
from sending.relay.site import Site
from sending.relay.sites import Directory
from sending.relay.transactions import NoLeave, carry
from sending.relay.waves import Waves

log = logging.getLogger(__name__)

MOST_READY = 3000
FIRST_ROWS, CLAIM_ROWS, CLAIM_LANES = 10, 600, 40
SWEEP, LONGEST_SWEEP = 1.0, 10.0  # seconds between looks at the lanes: at least, and when nothing is said to be new
SWEEP_SHARE, DEAREST_SWEEP = 20, 3.0  # a look may cost a twentieth of the time; new mail waits so long at the most
LOOKUPS = 100  # domains asked of the DNS at once
MOST_SITES = 20_000
LOOK_AHEAD = 30.0  # seconds: the way of what will leave then is asked of the DNS before
BEAT, UNROUTED_ROWS = 1.0, 100


class Relay:
    """One relay process. `run()` works until `stop()`; then it drains. Raises Fenced when another relay ended this one."""

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
        chance: random.Random | None = None,
        drain_seconds: float = 25.0,
    ) -> None:
        self._spool = spool
        self._journal = journal
        self._composer = composer
        self._routes = routes
        self._doors = doors
        self._directory = directory
        self._clock = clock
        self._chance = chance or random.Random()
        self._drain_seconds = drain_seconds
        self.commits = Commits(journal, clock)
        self.sites: dict[Route, Site] = {}
        self.relays = 1
        self._turns, self._ramp = Turns(), Ramp(first=FIRST_ROWS, most=CLAIM_ROWS)
        self._lanes: dict[int, Lane] = {}
        self._later = Later()
        self._next_sweep = 0.0
        self._claimed = 0
        self._wake = asyncio.Event()
        self._new_mail = True
        self._stopping = asyncio.Event()
        self._lookups: dict[str, asyncio.Task[None]] = {}
        self._unrouted: dict[str, tuple[trouble.Judgement, str, float]] = {}  # domain -> why, words, until
        self._to_tell: set[str] = set()  # domains of these whose trouble nobody has been told of
        self._waves = Waves(journal, clock)
        self._counts = {"delivered": 0, "deferred": 0, "bounced": 0}

    def stop(self) -> None:
        """Drain: nothing new; what is in conversation may end."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        tasks = [
            asyncio.ensure_future(self.commits.run()),
            asyncio.ensure_future(self._beat()),
            asyncio.ensure_future(self._listen()),
        ]
        dispatch = asyncio.ensure_future(self._dispatch())
        try:
            done, _ = await asyncio.wait([*tasks, dispatch], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # raises what ended it
            await self._drain(tasks[0])
        finally:
            for task in [dispatch, *tasks, *self._lookups.values(), *self._workers()]:
                task.cancel()
            for site in self.sites.values():
                site.abort()
            await asyncio.gather(dispatch, *tasks, *self._workers(), return_exceptions=True)

    # --- claiming -----------------------------------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        while not self._stopping.is_set():
            now = self._clock.monotonic()
            try:
                if now >= self._next_sweep and (self._new_mail or now >= self._next_sweep + LONGEST_SWEEP - SWEEP):
                    self._new_mail = False
                    self._next_sweep = now + DEAREST_SWEEP  # but sooner when somebody asks for it meanwhile
                    await self._sweep()
                    cost = self._clock.monotonic() - now
                    if self._next_sweep > now:
                        self._next_sweep = now + cost + max(SWEEP, min(cost * SWEEP_SHARE, DEAREST_SWEEP))
                await self._come_due()
                busy = await self._claim()
            except Unreachable as error:
                log.warning("The ledger cannot be reached: %s", error)
                await self._nap(1.0)
                continue
            if not busy:
                pause = self._next_sweep - self._clock.monotonic() if self._new_mail else LONGEST_SWEEP
                await self._nap(max(0.01, min(pause, self._until_something_ends())))

    async def _nap(self, seconds: float) -> None:
        """Until woken, or so long."""
        self._wake.clear()
        if self._stopping.is_set():
            return
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            self._new_mail = True

    def _until_something_ends(self) -> float:
        """Seconds to the end of the next hold, or to what leaves next; 2 s at most while there are lanes."""
        now = self._clock.monotonic()
        ends = [site.held_until - now for site in self.sites.values() if site.is_held]
        soonest = min([LONGEST_SWEEP if not self._lanes else 2.0, *ends])
        return min(max(0.05, soonest), max(0.0, self._later.next_at() - now))

    async def _sweep(self) -> None:
        lanes = await self._spool.waiting()
        now = self._clock.monotonic()
        now = self._clock.monotonic()
        self._lanes = self._later.keep(lanes, now=now)
        for lane in self._later.until(now + LOOK_AHEAD):
            if self._routes.known(lane.domain) is None and lane.domain not in self._unrouted:
                self._look_up(lane.domain)
        if len(self.sites) > MOST_SITES:
            for route, site in list(self.sites.items()):
                if site.is_quiet:
                    del self.sites[route]

    async def _come_due(self) -> None:
        """What may leave from now on: it was known before, so nothing has to be looked for at this moment."""
        due = self._later.come_due(self._clock.monotonic())
        if any(lane.in_undo for lane in due):
            await self._spool.let_go()
        self._lanes.update((lane.id, lane) for lane in due)

    async def _claim(self) -> bool:
        """Claim once; False when there is nothing that could be claimed now."""
        if not self._lanes and not self._waiting():
            self._ramp.rest()
        # Unsure: what was given back might be claimed, and then be given back once more while it is sent.
        if not self._lanes or self._waiting() >= MOST_READY or self.commits.is_unsure:
            return False
        budget = min(self._ramp.now, MOST_READY - self._waiting())
        taken: dict[object, int] = {}

        def room(lane: Lane) -> int:
            key, free = self._room(lane)
            free -= taken.get(key, 0)
            if free > 0:
                taken[key] = taken.get(key, 0) + min(free, budget)
            return free

        wishes = self._turns.choose(self._lanes.values(), room=room, budget=budget, most_lanes=CLAIM_LANES)
        if not wishes:
            return False
        parcels = await self._spool.claim(wishes)
        got: dict[int, int] = {}
        for parcel in parcels:
            got[parcel.lane.id] = got.get(parcel.lane.id, 0) + 1
        for lane, count in wishes:
            if got.get(lane.id, 0) < count:
                self._lanes.pop(lane.id, None)  # drained; the next sweep tells whether more has come
                self._turns.refund(lane.organization_id, count - got.get(lane.id, 0))
                self._new_mail = True
        self._claimed += len(parcels)
        self._ramp.step()
        for parcel in parcels:
            self._place(parcel)
        return True

    def _waiting(self) -> int:
        return sum(len(site.ready) for site in self.sites.values())

    def _room(self, lane: Lane) -> tuple[object, int]:
        """Where a lane leads, and how many of its deliveries can be taken in there now. Starts the look-up when unknown."""
        unrouted = self._unrouted.get(lane.domain)
        if unrouted is not None and self._clock.monotonic() < unrouted[2]:
            if unrouted[0] is not trouble.DNS:
                return lane.domain, UNROUTED_ROWS
            # One is told of each time, so that people see why; the others wait without a try.
            return lane.domain, UNROUTED_ROWS if self._is_old(lane) else int(lane.domain in self._to_tell)
        route = self._routes.known(lane.domain)
        if route is None:
            self._look_up(lane.domain)
            return lane.domain, 0
        site = self._site(route)
        if site.is_held and self._is_old(lane):
            return site, UNROUTED_ROWS
        return site, site.room

    def _is_old(self, lane: Lane) -> bool:
        """Whether what waits longest in a lane may have expired: held sites take nothing, but nothing waits for ever."""
        return self._clock.wall() - lane.first_due >= lane.give_up_after

    def _site(self, route: Route) -> Site:
        site = self.sites.get(route)
        if site is None:
            provider = self._directory.provider_of(route.hosts)
            site = Site(route, provider, carrier=self, doors=self._doors, clock=self._clock, relays=self.relays)
            self.sites[route] = site
        return site

    def _look_up(self, domain: str) -> None:
        if domain in self._lookups or len(self._lookups) >= LOOKUPS:
            return
        task = asyncio.ensure_future(self._find(domain))
        self._lookups[domain] = task
        task.add_done_callback(lambda _: self._looked_up(domain))

    def _looked_up(self, domain: str) -> None:
        self._lookups.pop(domain, None)
        self._wake.set()

    async def _find(self, domain: str) -> None:
        try:
            await self._routes.of(domain)
        except TakesNoMail as error:
            why = (trouble.NULL_MX, str(error), 60.0)
        except NoSuchMailDomain as error:
            why = (trouble.NO_DOMAIN, str(error), 60.0)
        except Unknown as error:
            why = (trouble.DNS, f"the DNS gives no answer: {error}", 60.0)
        else:
            self._unrouted.pop(domain, None)
            self._to_tell.discard(domain)
            return
        if len(self._unrouted) > MOST_SITES:
            self._unrouted.clear()
            self._to_tell.clear()
        judgement, words, seconds = why
        if judgement is trouble.DNS:
            self._to_tell.add(domain)
        self._unrouted[domain] = (judgement, words, self._clock.monotonic() + seconds)

    # --- one parcel ---------------------------------------------------------------------------------------------------

    def _place(self, parcel: Parcel) -> None:
        if parcel.refusal:
            self.commits.settle(Settlement(parcel.id, "suppressed", parcel.refusal, tried=False))
            return
        route = self._routes.known(parcel.lane.domain)
        if route is not None:
            site = self._site(route)
            if site.is_held and self._expires(parcel) <= self._clock.wall():
                self._expire(
                    parcel, Verdict(trouble.NETWORK, text=site.held_for, host=route.hosts[0]), site.provider.name
                )
                return
            site.put(parcel)
            return
        unrouted = self._unrouted.get(parcel.lane.domain)
        if unrouted is None:
            self.release(parcel)
            return
        judgement, words, _ = unrouted
        self._to_tell.discard(parcel.lane.domain)
        if judgement is trouble.NO_DOMAIN and parcel.attempts == 0:
            judgement = trouble.NO_DOMAIN_YET
        code = (
            "556 5.1.10" if judgement is trouble.NULL_MX else "451 4.4.3" if judgement is trouble.DNS else "550 5.1.2"
        )
        self._settle(parcel, Verdict(judgement, code, words), "")

    async def deliver(self, site: Site, session: Session, parcel: Parcel) -> Verdict | None:
        """Carry one parcel; None when it has been dealt with without a verdict of the site."""
        try:
            letter: Letter = await self._composer.compose(parcel)
        except Unmakeable as error:
            self.commits.settle(Settlement(parcel.id, "failed", error.reason, text=error.text, tried=False))
            return None
        except Unreachable:
            self.release(parcel)
            return None
        except Exception:
            log.exception("The content of delivery %d could not be made.", parcel.id)
            self.commits.settle(
                Settlement(
                    parcel.id, "failed", "merge", text="An error of ours; it is in the relay's log.", tried=False
                )
            )
            return None
        answer = self.commits.ask(parcel.id)
        refused: list[Leave | None] = []

        async def ask() -> None:
            pending = answer
            while True:
                granted: Granted | None = await pending
                if granted is None or not granted.leave.granted:
                    refused.append(granted.leave if granted else None)
                    raise NoLeave
                if self.commits.is_fresh(granted):
                    return
                pending = self.commits.ask(parcel.id)

        try:
            return await carry(session, letter, parcel.address, provider=site.provider.name, ask=ask)
        except NoLeave:
            self._refused(parcel, refused[0])
            return None

    def conclude(self, site: Site, parcel: Parcel, verdict: Verdict) -> None:
        """Settle what a conversation came to."""
        if self._stopping.is_set() and verdict.judgement is trouble.CUT:
            self.release(parcel)  # we hung up ourselves
            return
        self._settle(parcel, verdict, site.provider.name)

    def release(self, parcel: Parcel) -> None:
        """Give a parcel back as if it had never been claimed."""
        self.commits.settle(Settlement(parcel.id, "released", tried=False))
        self._new_mail = True

    def hungry(self) -> None:
        """A site's queue is running low."""
        if self._lanes:
            self._wake.set()

    def _refused(self, parcel: Parcel, leave: Leave | None) -> None:
        """No leave for the final dot: somebody opted out, paused or cancelled in the last moment."""
        if leave is not None and leave.hold:
            mailing_id = parcel.lane.mailing_id
            for site in self.sites.values():
                site.drop_mailing(mailing_id)
            self._later.drop_mailing(mailing_id)
            self._lanes = {lane.id: lane for lane in self._lanes.values() if lane.mailing_id != mailing_id}
        if leave is not None and leave.refusal:
            self.commits.settle(Settlement(parcel.id, "suppressed", leave.refusal, tried=False))
        elif leave is not None and leave.hold == "cancelled":
            self.commits.settle(Settlement(parcel.id, "cancelled", "cancelled", tried=False))
        else:
            self.release(parcel)

    def _settle(self, parcel: Parcel, verdict: Verdict, provider: str) -> None:
        judgement = verdict.judgement
        state = str(judgement.outcome)
        due = 0.0
        if judgement.outcome is Outcome.DEFERRED:
            now = self._clock.wall()
            least = retries.NO_DOMAIN_PAUSE if judgement is trouble.NO_DOMAIN_YET else 0.0
            again = retries.next_try(
                attempts=parcel.attempts + 1, now=now, expires=self._expires(parcel), chance=self._chance, least=least
            )
            if again is None:
                self._expire(parcel, verdict, provider)
                return
            due = again
        if state in self._counts:
            self._counts[state] += 1
        like = self._waves.weigh(parcel, verdict, provider)
        self.commits.settle(
            Settlement(
                parcel.id,
                state,
                judgement.category,
                verdict.code,
                verdict.text,
                verdict.host,
                provider,
                due,
                suppress=judgement.suppress,
                address=parcel.address,
                tls=verdict.tls,
                likeness=like,
            )
        )

    def _expires(self, parcel: Parcel) -> float:
        return parcel.born + parcel.lane.give_up_after

    def _expire(self, parcel: Parcel, verdict: Verdict, provider: str) -> None:
        self.commits.settle(
            Settlement(
                parcel.id, "expired", verdict.judgement.category, verdict.code, verdict.text, verdict.host, provider
            )
        )

    # --- staying alive, and stopping ------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        delivered_before, at = 0, self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            delivered = self._counts["delivered"]
            rate = (delivered - delivered_before) / max(0.001, now - at)
            delivered_before, at = delivered, now
            try:
                relays = await self._journal.beat(self._facts(rate))
                if relays != self.relays:
                    self.relays = relays
                    for site in self.sites.values():
                        site.share(relays)
                await self.commits.trim()
                if await self._journal.reap():
                    self._new_mail = True
                    self._wake.set()
            except Unreachable as error:
                log.warning("No heartbeat: %s", error)
            await asyncio.sleep(BEAT)

    def _facts(self, rate: float) -> dict[str, Any]:
        held = {site.name: site.held_for for site in list(self.sites.values()) if site.is_held}
        return {
            "connections": sum(len(site.sessions) for site in self.sites.values()),
            "ready": self._waiting(),
            "per_second": round(rate, 1),
            "held": dict(list(held.items())[:20]),
            "slowed": self._slowed(),
        }

    def _slowed(self) -> dict[str, float]:
        """Providers that asked us to wait -> when the last of their sites gets full speed again (epoch seconds)."""
        ahead = self._clock.wall() - self._clock.monotonic()
        held = [site for site in self.sites.values() if site.is_held]
        return {
            site.provider.name: round(site.held_until + ahead, 1) for site in sorted(held, key=lambda s: s.held_until)
        }

    async def _listen(self) -> None:
        while True:
            at_once = False
            try:
                at_once = await self._journal.wait_for_mail()
            except Unreachable:
                await asyncio.sleep(1.0)
            self._new_mail = True
            if at_once:
                self._next_sweep = 0.0
            self._wake.set()
            await asyncio.sleep(0.05)

    async def _drain(self, commits: "asyncio.Task[None]") -> None:
        for site in self.sites.values():
            site.drain()
        workers = self._workers()
        if workers:
            await asyncio.wait(workers, timeout=self._drain_seconds)
        for site in self.sites.values():
            site.abort()
        workers = self._workers()
        if workers:
            await asyncio.wait(workers, timeout=5)
        await asyncio.wait(
            [asyncio.ensure_future(self.commits.drained()), commits], return_when=asyncio.FIRST_COMPLETED
        )
        if commits.done():
            commits.result()
        await self._journal.leave()

    def _workers(self) -> Sequence["asyncio.Task[None]"]:
        return [worker for site in self.sites.values() for worker in site.workers]


__all__ = ["Fenced", "Relay"]
