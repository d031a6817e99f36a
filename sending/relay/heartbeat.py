"""What a relay tells about itself with each heartbeat: rate, connections, the sites where most goes on, those that are held.

It is written each second, so it is small whatever the number of sites: MOST_* of each kind, words cut, a few kilobytes.
"""

from collections.abc import Mapping
from typing import Any

from sending.relay import memory
from sending.relay.open_sites import OpenSites
from sending.relay.ports import Clock
from sending.relay.site import Site

MOST_HELD = 40
MOST_BUSY = 40
MOST_TALKS = 300
MOST_HOSTS = 5
MOST_WORDS = 160  # characters of a server's reply


def facts(
    sites: OpenSites, *, clock: Clock, rate: float, delivered: int, talks: Mapping[tuple[int, str], int]
) -> dict[str, Any]:
    """`talks`: conversations at this moment by (organization, provider). Times in it are seconds since 1970.

    {"connections", "ready", "per_second", "delivered" (since it began), "open_sites", "held_sites", "slowed": {provider: until},
     "held": [{"site", "provider", "source", "hosts", "cause", "why", "since", "until"}], the first to be tried again first,
     "busy": [{"site", "provider", "source", "connections", "window", "limit", "ready", "failures", "pace", "back"}], most
        connections first,
     "learned": see memory.py, "talks": [[organization, provider, conversations]]}. `source`: our address, "" for the system's
    choice. `window`: how many connections it may have now; below `limit` it is on its way back from trouble. `pace`: messages a
    minute that may leave now, 0 for as many as it takes; `back`: how much of its former pace it has again, from 0 to 1.
    """
    ahead = clock.wall() - clock.monotonic()
    held = sites.held
    everywhere = list(sites)
    busy = sorted(
        (site for site in everywhere if site.sessions or site.workers or site.ready),
        key=lambda site: (-len(site.sessions), -len(site.ready), site.name),
    )
    return {
        "connections": sum(len(site.sessions) for site in everywhere),
        "ready": sites.ready,
        "per_second": round(rate, 1),
        "delivered": delivered,
        "open_sites": len(everywhere),
        "held_sites": len(held),
        "slowed": sites.slowed(),
        "held": [_held(site, ahead) for site in held[:MOST_HELD]],
        "busy": [_busy(site) for site in busy[:MOST_BUSY]],
        "learned": memory.learned(everywhere, clock),
        "talks": [
            [organization, provider, count]
            for (organization, provider), count in sorted(talks.items(), key=lambda talk: -talk[1])[:MOST_TALKS]
        ],
    }


def _held(site: Site, ahead: float) -> dict[str, Any]:
    ruled = site.ruled if site.is_ruled else None
    return {
        "site": site.name,
        "provider": site.provider.name,
        "source": site.source.address,
        "hosts": list(site.route.hosts[:MOST_HOSTS]),
        "cause": ruled.told_cause if ruled else site.held_because,
        "why": (ruled.why if ruled else site.held_for)[:MOST_WORDS],
        "since": round(ruled.since if ruled else site.held_since + ahead, 1),
        "until": round(site.held_until + ahead, 1),
        "ruled": ruled is not None,
    }


def _busy(site: Site) -> dict[str, Any]:
    return {
        "site": site.name,
        "provider": site.provider.name,
        "source": site.source.address,
        "connections": len(site.sessions),
        "window": site.window,
        "limit": site.manners.connections,
        "ready": len(site.ready),
        "failures": site.failures,
        "pace": site.per_minute,
        "back": round(min(site.standing.share_of_goal, site.footing.standing.share_of_goal), 2),
    }
