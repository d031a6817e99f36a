"""The sites that the relay works on now: the mail exchangers of a route, seen from one of its own addresses."""

import asyncio
import random
from collections.abc import Callable, Collection, Iterator

from sending.relay.ports import Clock, Lane, Parcel
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sources import ANY, Source, Sources

MOST_SITES = 20_000


class OpenSites:
    """`begin` makes the site of a route and a source that are worked on for the first time."""

    def __init__(
        self,
        clock: Clock,
        sources: Sources,
        *,
        begin: Callable[[Route, Source], Site],
        chance: random.Random | None = None,
    ) -> None:
        self._clock = clock
        self._chance = chance or random.Random()
        self._sources = sources
        self._begin = begin
        self._sites: dict[tuple[Source, Route], Site] = {}

    def __iter__(self) -> Iterator[Site]:
        return iter(list(self._sites.values()))

    def at(self, route: Route, source: Source) -> Site:
        site = self._sites.get((source, route))
        if site is None:
            site = self._sites[source, route] = self._begin(route, source)
        elif site.source is not source:
            site.source = source  # the same address, with another name, pool or proxy
        return site

    def of(self, pool_id: int, route: Route) -> list[Site]:
        """Those to which the mail of a pool on this route may go; [] when this relay has none of the pool's addresses."""
        if route.account:
            return [self.at(route, ANY)]  # the ESP's own addresses
        return [self.at(route, source) for source in self._sources.of(pool_id)]

    def of_lane(self, lane: Lane, route: Route) -> list[Site]:
        """Those to which its mail may go now: what is above the budgets of its pool goes by the one that it overflows to. Never
        because of what servers say: an address that is held is waited for.
        """
        sites = self.of(lane.pool_id, route)
        if lane.overflow_id and sites and all(site.footing.is_above_budget and not site.is_held for site in sites):
            return self.of(lane.overflow_id, route)
        return sites

    def best(self, parcel: Parcel, route: Route, *, is_held: Callable[[Site], bool] | None = None) -> Site | None:
        """Where a parcel goes: from the address that a server knows it by, so that greylisting knows us again, also when that
        has to wait, unless it is the address that is blocked. Else from those that may send now and have room, each its
        weight's part.
        """
        is_held = is_held or (lambda site: site.is_held)
        sites = self.of_lane(parcel.lane, route)
        if route.account or (len(sites) < 2 and not parcel.lane.overflow_id):
            return sites[0] if sites else None
        known_by = self._known_by(parcel, route)
        if known_by is not None and not (is_held(known_by) and is_blocked_itself(known_by)):
            return known_by
        free = [site for site in sites if not is_held(site)]
        if not free:
            return known_by or (sites[0] if sites else None)
        with_room = [site for site in free if len(site.ready) < site.most_ready] or free
        pool_id = parcel.lane.pool_id
        if pool_id not in with_room[0].source.pools:
            pool_id = parcel.lane.overflow_id
        return self._chance.choices(with_room, [site.source.weight(pool_id) for site in with_room])[0]

    def _known_by(self, parcel: Parcel, route: Route) -> Site | None:
        """The address that a server knows it by."""
        if not parcel.source_id:
            return None
        return next((site for site in self._all_of(parcel.lane, route) if site.source.id == parcel.source_id), None)

    def _all_of(self, lane: Lane, route: Route) -> list[Site]:
        more = self.of(lane.overflow_id, route) if lane.overflow_id else []
        return [*self.of(lane.pool_id, route), *more]

    def not_now(self, lane: Lane, route: Route | None, *, is_held: Callable[[Site], bool]) -> Collection[int]:
        """Ids of the addresses that what was tried from them cannot go on from now: other relays', and ours that must wait.

        Trap: an address that does not carry its pool any more is nobody's to go on from; what was tried there may go anywhere.
        """
        if lane.account_id:
            return ()  # an ESP knows none of our addresses
        sites = self._all_of(lane, route) if route is not None else []
        waits = [
            site.source.id
            for site in sites
            if site.source.id and (not is_blocked_itself(site) if is_held(site) else not site.room)
        ]
        pools = (lane.pool_id, lane.overflow_id) if lane.overflow_id else (lane.pool_id,)
        return self._sources.others_of(*pools).union(waits)

    def is_hopeless(self, pool_id: int) -> bool:
        """Whether no living relay can use an address of this pool."""
        return self._sources.is_hopeless(pool_id)

    def follow(self, *, stopping: bool = False) -> None:
        """Our addresses are others now: where one is gone conversations end and what waits goes back. A relay that is `stopping`
        begins at none again.
        """
        mine = set(self._sources.all)
        for (source, route), site in list(self._sites.items()):
            if route.account:
                continue
            if source not in mine and not site.draining:
                site.drain()
            elif source in mine and not stopping:
                site.draining = False

    def is_quiet(self, source_id: int) -> bool:
        """Whether no conversation is left at one of our addresses."""
        return not any(site.workers for site in self._sites.values() if site.source.id == source_id)

    @property
    def ready(self) -> int:
        """Parcels that wait at all of them."""
        return sum(len(site.ready) for site in self._sites.values())

    @property
    def held(self) -> list[Site]:
        """Those to which nothing is sent now, the first to be tried again first."""
        return sorted((site for site in self._sites.values() if site.is_held), key=lambda site: site.held_until)

    @property
    def workers(self) -> list["asyncio.Task[None]"]:
        """Their conversations."""
        return [worker for site in self._sites.values() for worker in site.workers]

    def slowed(self) -> dict[str, float]:
        """Providers that asked us to wait -> when the last of their sites gets full speed again (epoch seconds)."""
        ahead = self._clock.wall() - self._clock.monotonic()
        now = self._clock.monotonic()
        return {
            site.provider.name: round(site.own_hold_until + ahead, 1) for site in self.held if site.own_hold_until > now
        }

    def forget_quiet(self) -> None:
        """Keep the memory bounded: sites where nothing happens can be begun again."""
        if len(self._sites) > MOST_SITES:
            self._sites = {key: site for key, site in self._sites.items() if not site.is_quiet}


def is_blocked_itself(site: Site) -> bool:
    """Whether a site is held for the address that we come from, and not for what we do or say: then mail may go by another."""
    return site.may_move or (site.is_ruled and site.ruled is not None and bool(site.ruled.source_id))
