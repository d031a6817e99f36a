"""Claiming: look what waits, and take what may leave now, in fair order, no more than the sites have room for.

Trap: a lane whose site is held must not be claimed, but its old deliveries must still expire.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterable
from functools import partial

from sending.judging.trouble import Outcome
from sending.relay.carrying import Carrying
from sending.relay.commits import Commits
from sending.relay.fairness import Ramp, Turns
from sending.relay.lanes import Lanes
from sending.relay.obeying import Obeying
from sending.relay.open_sites import OpenSites
from sending.relay.ports import Clock, Lane, Spool, Unreachable
from sending.relay.ways import Ways

log = logging.getLogger(__name__)

MOST_READY = 3000
FIRST_ROWS, CLAIM_ROWS, CLAIM_LANES = 10, 600, 100
SWEEP, LONGEST_SWEEP = 1.0, 10.0  # seconds between looks at the lanes: at least, and when nothing is said to be new
SWEEP_SHARE, DEAREST_SWEEP = 20, 3.0  # a look may cost a twentieth of the time; new mail waits so long at the most
# Of thousands of lanes, most of which have no room or no route yet, a choice is dear: it takes a third of the time at the most,
# else each answer of the DNS would be a reason to look through all of them again.
LONG_CHOICE, CHOICE_SHARE, LONGEST_PAUSE, LONGEST_REST = 0.002, 2, 0.5, 0.02
LOOK_AHEAD = 30.0  # seconds: the way of what will leave then is asked of the DNS before
UNROUTED_ROWS = 100
LEAST_PACE = 0.25  # seconds between two claims of what is limited to so many a minute


class Claiming:
    """Takes from the spool and hands to those who carry."""

    def __init__(
        self,
        spool: Spool,
        clock: Clock,
        *,
        lanes: Lanes,
        ways: Ways,
        sites: OpenSites,
        carrying: Carrying,
        commits: Commits,
        obeying: Obeying,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._lanes = lanes
        self._ways = ways
        self._sites = sites
        self._carrying = carrying
        self._commits = commits
        self._obeying = obeying
        self._turns, self._ramp = Turns(), Ramp(first=FIRST_ROWS, most=CLAIM_ROWS)
        self._next_sweep = self._next_choice = 0.0
        self._stopping = False
        self._expiring: set[int] = set()  # lanes from which only what is too old is taken

    def stop(self) -> None:
        """Claim nothing more: `run` ends."""
        self._stopping = True
        self._lanes.wake()

    def look_again(self, *, at_once: bool) -> None:
        """There is new mail. `at_once`: people wait for it to leave."""
        self._lanes.has_news = True
        if at_once:
            self._next_sweep = self._next_choice = 0.0
        self._lanes.wake()

    async def run(self) -> None:
        """Claim until told to stop."""
        while not self._stopping:
            try:
                if self._is_time_to_look():
                    await self._look_now()
                await self._come_due()
                busy = await self._claim()
            except Unreachable as error:
                log.warning("The ledger cannot be reached: %s", error)
                await self._nap(1.0)
                continue
            if not busy:
                pause = self._next_sweep - self._clock.monotonic() if self._lanes.has_news else LONGEST_SWEEP
                await self._nap(max(0.01, min(pause, self._until_something_ends())))
            await self._rest()

    async def _rest(self) -> None:
        """After a long choice; over at once when people wait for what is new, or at the end."""
        while not self._stopping and (early := self._next_choice - self._clock.monotonic()) > 0:
            await asyncio.sleep(min(early, LONGEST_REST))

    async def _nap(self, seconds: float) -> None:
        if not self._stopping:
            await self._lanes.sleep(seconds)

    def _until_something_ends(self) -> float:
        """Seconds to the end of the next hold, or to what leaves next; 2 s at most while there are lanes."""
        now = self._clock.monotonic()
        ends = [site.held_until - now for site in self._sites.held[:1]]
        paced = max(LEAST_PACE, self._obeying.gates.soonest(now))
        soonest = min([LONGEST_SWEEP if not self._lanes.ready else min(2.0, paced), *ends])
        more = self._ramp.waits(ended=self._commits.settled, now=now) or soonest
        return min(max(0.05, min(soonest, more)), max(0.0, self._lanes.later.next_at() - now))

    # --- looking ------------------------------------------------------------------------------------------------------

    def _is_time_to_look(self) -> bool:
        due = self._next_sweep if self._lanes.has_news else self._next_sweep + LONGEST_SWEEP - SWEEP
        return self._clock.monotonic() >= due

    async def _look_now(self) -> None:
        began = self._clock.monotonic()
        self._lanes.has_news = False
        self._next_sweep = began + DEAREST_SWEEP  # but sooner when somebody asks for it meanwhile
        self._lanes.see(await self._spool.waiting(), now=self._clock.monotonic())
        soon = self._lanes.later.until(self._clock.monotonic() + LOOK_AHEAD)
        self._ways.look_up_ahead(lane.way for lane in soon)
        self._sites.forget_quiet()
        now = self._clock.monotonic()
        if self._next_sweep > began:
            self._next_sweep = now + max(SWEEP, min((now - began) * SWEEP_SHARE, DEAREST_SWEEP))

    async def _come_due(self) -> None:
        """What may leave from now on: it was known before, so nothing has to be looked for at this moment."""
        due = self._lanes.later.come_due(self._clock.monotonic())
        if any(lane.in_undo for lane in due):
            await self._spool.let_go()
        self._lanes.begin(due)

    # --- taking -------------------------------------------------------------------------------------------------------

    async def _claim(self) -> bool:
        """Claim once; False when there is nothing that could be claimed now."""
        ready = self._sites.ready
        if not self._lanes.ready and not ready:
            self._ramp.rest()
        # Unsure: what was given back might be claimed, and then be given back once more while it is sent.
        if not self._lanes.ready or ready >= MOST_READY or self._commits.is_unsure:
            return False
        began = self._clock.monotonic()
        budget = min(self._ramp.room(ended=self._commits.settled, now=began), MOST_READY - ready)
        wishes = self._choose(budget=budget) if budget else []
        now = self._clock.monotonic()
        if (took := now - began) > LONG_CHOICE:
            self._next_choice = now + min(took * CHOICE_SHARE, LONGEST_PAUSE)
        if not wishes:
            return False
        began = self._clock.monotonic()
        parcels = await self._spool.claim(wishes, self._but(lane for lane, _ in wishes))
        got: dict[int, int] = {}
        for parcel in parcels:
            got[parcel.lane.id] = got.get(parcel.lane.id, 0) + 1
        for lane, count in wishes:
            missing = count - got.get(lane.id, 0)
            # What is held and not too old yet goes back: it is not taken again before the next look.
            if missing > 0 or lane.id in self._expiring:
                self._lanes.drained(lane)
                self._turns.refund(lane.organization_id, missing)
        now = self._clock.monotonic()
        if not parcels:  # all that is due goes on from other relays' addresses: not to be looked through all the time
            self._next_sweep = max(self._next_sweep, now + min((now - began) * SWEEP_SHARE, DEAREST_SWEEP))
        self._ramp.step(ended=self._commits.settled, now=now)
        placed = {parcel.lane.id for parcel in parcels if self._carrying.place(parcel)}
        for lane, _ in wishes:
            if lane.id in got and lane.id not in placed:  # all went back: nor is this taken again before the next look
                self._lanes.drained(lane)
        return True

    def _choose(self, *, budget: int) -> list[tuple[Lane, int]]:
        """How many of which lanes, in fair order; lanes of one site share its room, and sites of one footing theirs."""
        taken: Counter[object] = Counter()
        self._expiring.clear()

        def room(lane: Lane) -> int:
            return sum(free for _, free in self._places(lane, taken))

        def take(lane: Lane, count: int) -> None:
            for keys, free in self._places(lane, taken):
                here = min(free, count)
                for key in keys:
                    taken[key] += here
                count -= here

        lanes = self._obeying.not_stopped(self._lanes.ready.values())
        return self._turns.choose(lanes, room=room, take=take, budget=budget, most_lanes=CLAIM_LANES)

    def _places(self, lane: Lane, taken: Counter[object]) -> list[tuple[tuple[object, ...], int]]:
        """Where a lane leads, with all else that limits it there, and how many of its deliveries can be taken in there now, less
        what is taken already. Asks for the way when it is unknown.
        """
        domain = lane.way
        obstacle = self._ways.obstacle(domain)
        if obstacle is not None:
            if obstacle.judgement.outcome is not Outcome.DEFERRED or self._is_old(lane):
                return _one(domain, UNROUTED_ROWS, taken)
            # One is told each time, so that people see why; the others wait without a try.
            return _one(domain, int(self._ways.is_untold(domain)), taken)
        route = self._ways.route(domain)
        if route is None:
            self._ways.look_up(domain, at_once=self._ramp.size)
            return []
        sites = self._sites.of_lane(lane, route)
        if not sites and self._is_old(lane) and self._sites.is_hopeless(lane.pool_id):
            return _one((lane.pool_id, route), UNROUTED_ROWS, taken)
        free = [site for site in sites if not self._obeying.is_held(site, lane)]
        waits_for_budget = any(site.footing.budget for site in sites)  # it ages from its first try
        if sites and not free and self._is_old(lane) and not waits_for_budget:
            self._expiring.add(lane.id)
            return _one((lane.pool_id, route), UNROUTED_ROWS, taken)
        places: list[tuple[tuple[object, ...], int]] = []
        through: Counter[object] = Counter()  # gates, by way of the sites before
        for site in free:
            if (room := site.room - taken[site]) > 0:
                room = min(room, site.footing.room - taken[site.footing])
            now = self._clock.monotonic()
            gates = [*self._obeying.gates.room(site, lane, now), *site.footing.rooms_of_budget(now)]
            for gate, most in gates:
                room = min(room, most - taken[gate] - through[gate])
            room = max(0, room)
            through.update({gate: room for gate, _ in gates})
            places.append(((site, site.footing, *(gate for gate, _ in gates)), room))
        return places

    def _but(self, lanes: Iterable[Lane]) -> dict[int, Collection[int]]:
        """What must not be claimed: messages that go on from another relay's address, or from one of ours that has to wait."""
        found: dict[int, Collection[int]] = {}
        for lane in lanes:
            route = None if self._is_old(lane) else self._ways.route(lane.way)
            if but := self._sites.not_now(lane, route, is_held=partial(self._obeying.is_held, lane=lane)):
                found[lane.id] = but
        return found

    def _is_old(self, lane: Lane) -> bool:
        """Whether what waits longest in a lane may have expired: held sites take nothing, but nothing waits for ever."""
        return self._clock.wall() - lane.first_due >= lane.give_up_after


def _one(key: object, rows: int, taken: Counter[object]) -> list[tuple[tuple[object, ...], int]]:
    """A place that has no footing."""
    return [((key,), max(0, rows - taken[key]))]
