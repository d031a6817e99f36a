"""The sites that the relay works on now: the mail exchangers of a route, seen from one of its own addresses."""

import asyncio
from collections.abc import Callable, Iterator

from sending.relay.ports import Clock, Parcel
from sending.relay.routes import Route
from sending.relay.site import Site
from sending.relay.sources import Source, Sources

MOST_SITES = 20_000


class OpenSites:
    """`begin` makes the site of a route and a source that are worked on for the first time."""

    def __init__(self, clock: Clock, sources: Sources, *, begin: Callable[[Route, Source], Site]) -> None:
        self._clock = clock
        self._sources = sources
        self._begin = begin
        self._sites: dict[tuple[Source, Route], Site] = {}

    def __iter__(self) -> Iterator[Site]:
        return iter(list(self._sites.values()))

    def at(self, route: Route, source: Source) -> Site:
        site = self._sites.get((source, route))
        if site is None:
            site = self._sites[source, route] = self._begin(route, source)
        return site

    def of(self, pool_id: int, route: Route) -> list[Site]:
        """Those to which the mail of a pool on this route may go; [] when this relay has none of the pool's addresses."""
        return [self.at(route, source) for source in self._sources.of(pool_id)]

    def best(self, parcel: Parcel, route: Route, *, is_held: Callable[[Site], bool] | None = None) -> Site | None:
        """Where a parcel goes: where it was tried before, so that greylisting knows us again; else where most can be taken in.
        Nowhere that is held for it, if there is another.
        """
        is_held = is_held or (lambda site: site.is_held)
        sites = self.of(parcel.lane.pool_id, route)
        for site in sites:
            if parcel.source_id and site.source.id == parcel.source_id and not is_held(site):
                return site
        return max(sites, key=lambda site: (not is_held(site), site.most_ready - len(site.ready)), default=None)

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
