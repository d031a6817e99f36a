"""The sites that the relay works on now, by their route."""

import asyncio
from collections.abc import Callable, Iterator

from sending.relay.ports import Clock
from sending.relay.routes import Route
from sending.relay.site import Site

MOST_SITES = 20_000


class OpenSites:
    """`begin` makes a site for a route that is worked on for the first time."""

    def __init__(self, clock: Clock, *, begin: Callable[[Route], Site]) -> None:
        self._clock = clock
        self._begin = begin
        self._sites: dict[Route, Site] = {}

    def __iter__(self) -> Iterator[Site]:
        return iter(list(self._sites.values()))

    def at(self, route: Route) -> Site:
        site = self._sites.get(route)
        if site is None:
            site = self._sites[route] = self._begin(route)
        return site

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
        return {site.provider.name: round(site.held_until + ahead, 1) for site in self.held}

    def forget_quiet(self) -> None:
        """Keep the memory bounded: sites where nothing happens can be begun again."""
        if len(self._sites) > MOST_SITES:
            self._sites = {route: site for route, site in self._sites.items() if not site.is_quiet}
