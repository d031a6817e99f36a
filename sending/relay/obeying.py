"""Obeying: the rulings of the rows, known before the first claim and heard of within a second, and what becomes of sites by them.

Policy: what is in conversation may end. Everything else that a hold means goes back unsent, waits, and still expires in its time;
how long it had to wait is told with its next try (waits.py). A release is obeyed once, by relays that run at its time.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace

from sending.relay.budgets import Budgets
from sending.relay.gates import Gates, is_gate
from sending.relay.lanes import Lanes
from sending.relay.open_sites import OpenSites
from sending.relay.ports import Clock, Journal, Lane, Parcel, Unreachable
from sending.relay.rulings import HOLD, LIMIT, RELEASE, Ruling, Rulings
from sending.relay.site import Site
from sending.relay.waits import Wait

log = logging.getLogger(__name__)

MOST_PAST = 300  # holds that are remembered for what their messages tell
AGAIN = 0.5  # seconds, when the database does not answer


class Obeying:
    """Keeps `rulings` and `budgets` as the rows say; while the database is away rulings end, and days begin, by the clock."""

    def __init__(self, journal: Journal, clock: Clock, *, sites: OpenSites, lanes: Lanes) -> None:
        self._journal = journal
        self._clock = clock
        self._sites = sites
        self._lanes = lanes
        self.rulings = Rulings()
        self.gates = Gates()
        self._relays = 1
        self._limits_places = False
        self.budgets = Budgets(clock)
        self._holds: dict[int, Ruling] = {}  # also those that are over

    async def learn(self) -> None:
        """Ask for the rulings and budgets and do as they say. Raises Unreachable."""
        self.budgets.learn(await self._journal.budgets())
        self.obey(await self._journal.rulings())

    async def run(self) -> None:
        """Learn of each change, for ever."""
        while True:
            try:
                await self.learn()
                await self._journal.wait_for_rulings()
            except Unreachable as error:
                log.debug("The rulings cannot be asked for: %s", error)
                await asyncio.sleep(AGAIN)

    def obey(self, rulings: Iterable[Ruling]) -> None:
        """From now on these, and no others."""
        now = self._clock.wall()
        before = {ruling.id: ruling for ruling in self.rulings}
        after = {ruling.id: ruling for ruling in rulings if ruling.until > now}
        self._remember(before, after, now)
        if before.keys() == after.keys() and all(abs(before[n].until - after[n].until) < 1 for n in after):
            return
        self.rulings.take(after.values())
        self._set_limits()
        for site in self._sites:
            self._hold(site)
        for ruling in after.values():
            if ruling.id in before:
                continue
            log.info("Ruling %d: %s, %d s more: %s", ruling.id, _words(ruling), ruling.until - now, ruling.why)
            if ruling.kind == HOLD and ruling.is_of_senders:
                self._send_back(ruling)
            elif ruling.kind == RELEASE:
                self._release(ruling)
        for gone in before.keys() - after.keys():
            log.info("Ruling %d is over: %s", gone, _words(before[gone]))
        self._lanes.wake()

    # --- what others ask ----------------------------------------------------------------------------------------------

    def hold(self, site: Site, lane: Lane) -> Ruling | None:
        """What forbids this mail to go there, None when nothing does."""
        if not self.rulings.has_holds:
            return None
        return self.rulings.hold(
            self._clock.wall(), site.source.id, site.provider.name, site.name, lane.organization_id, lane.mailing_id
        )

    def is_held(self, site: Site, lane: Lane) -> bool:
        """Whether this mail must wait here: for the site, or for what was decreed about its sender."""
        return site.is_held or self.hold(site, lane) is not None

    def not_stopped(self, lanes: Iterable[Lane]) -> Iterable[Lane]:
        """Those whose sender may send somewhere: what is held everywhere is not asked about place by place."""
        if not self.rulings.stops_senders:
            return lanes
        now = self._clock.wall()
        stopped: dict[int, bool] = {}
        for lane in (lanes := list(lanes)):
            if lane.mailing_id not in stopped:
                hold = self.rulings.hold(now, organization=lane.organization_id, mailing=lane.mailing_id)
                stopped[lane.mailing_id] = hold is not None
        return [lane for lane in lanes if not stopped[lane.mailing_id] or now - lane.first_due >= lane.give_up_after]

    def begin(self, site: Site) -> None:
        """A new site as it is to be."""
        self._hold(site)
        if self._limits_places:
            self._limit(site)

    def share(self, relays: int) -> None:
        """The number of relays has changed."""
        if relays != self._relays:
            self._relays = relays
            self._set_limits()

    def ended(self, parcel_id: int, *, tried: bool) -> None:
        """A parcel is not in hand any more."""
        if self.gates.ended(parcel_id, tried=tried):
            self._lanes.wake()

    def _hold(self, site: Site) -> None:
        hold = self.rulings.hold(self._clock.wall(), site.source.id, site.provider.name, site.name)
        if hold is not site.ruled:
            site.rule(hold)

    def waited(self, wait: Wait, parcel: Parcel, site: Site | None, *, since: float, until: float) -> Wait:
        """The same wait with what was held by rulings in that time (seconds since 1970). The cause is that of the longest."""
        lane, longest = parcel.lane, wait
        for ruling in self._holds.values():
            held = min(ruling.until, until) - max(ruling.since, since)
            if held > longest.held and Rulings([ruling]).hold(
                0.0,
                site.source.id if site else 0,
                site.provider.name if site else "",
                site.name if site else "",
                lane.organization_id,
                lane.mailing_id,
            ):
                longest = replace(wait, held=held, cause=ruling.told_cause)
        return longest

    # --- drawing the consequences -------------------------------------------------------------------------------------

    def _set_limits(self) -> None:
        limits = [ruling for ruling in self.rulings if ruling.kind == LIMIT]
        self.gates.take(limits, relays=self._relays)
        limited, self._limits_places = self._limits_places, any(not is_gate(limit) for limit in limits)
        if limited or self._limits_places:
            for site in self._sites:
                self._limit(site)

    def _limit(self, site: Site) -> None:
        """What was decreed for our address at a provider goes to the footing, for one site to the site."""
        fitting = self.rulings.matching(site.source.id, site.provider.name, site.name)
        limits = [one for one in fitting if one.kind == LIMIT and not is_gate(one)]
        relays = self._relays if site.source.is_shared else 1
        whole, own = [one for one in limits if not one.site], [one for one in limits if one.site]
        site.footing.limit(
            connections=_part(_least(one.connections for one in whole), relays),
            messages=int(_least(one.messages for one in whole)),
            per_minute=_least(one.per_minute for one in whole) / relays,
        )
        site.limit(
            connections=_part(_least(one.connections for one in own), relays),
            messages=int(_least(one.messages for one in own)),
            per_minute=_least(one.per_minute for one in own) / relays,
        )

    def _send_back(self, hold: Ruling) -> None:
        for site in self._sites:
            site.drop(lambda parcel, site=site: self.hold(site, parcel.lane) is not None)  # type: ignore[misc]

    def _release(self, release: Ruling) -> None:
        one = Rulings([release])
        for site in self._sites:
            if one.matching(site.source.id, site.provider.name, site.name):
                site.release()

    def _remember(self, before: dict[int, Ruling], after: dict[int, Ruling], now: float) -> None:
        for gone in before.keys() & self._holds.keys() - after.keys():
            self._holds[gone] = replace(self._holds[gone], until=min(self._holds[gone].until, now))
        self._holds |= {ruling.id: ruling for ruling in after.values() if ruling.kind == HOLD}
        while len(self._holds) > MOST_PAST:
            del self._holds[min(self._holds, key=lambda n: self._holds[n].until)]


def _least(limits: Iterable[float]) -> float:
    """The lowest of them; 0: there is none."""
    return min((limit for limit in limits if limit), default=0)


def _part(connections: float, relays: int) -> int:
    """One relay's part of them: one at least."""
    return max(1, int(connections) // relays) if connections else 0


def _words(ruling: Ruling) -> str:
    named = zip(("source", "provider", "site", "organization", "mailing"), ruling.scope, strict=True)
    return f"{ruling.kind} {' '.join(f'{name} {part}' for name, part in named if part) or 'everything'}"
