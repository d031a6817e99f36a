"""What a relay has learned of places, so that the next one need not learn it again: told with the heartbeat, read at the start.

Policy: bounded, the newest first; what is older than FORGET has decayed anyway. Who reads it has not been told it by the place
itself, so it is only ever a ceiling, and rises as if it had been learned by oneself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sending.relay.ceilings import Ceiling
from sending.relay.place import Place
from sending.relay.ports import Clock

MOST = 200
FORGET = 6 * 3600.0  # seconds


def learned(places: Iterable[Place], clock: Clock) -> list[dict[str, Any]]:
    """[{"source" (id), "provider", "site", "what": "connections" | "messages" | "pace" | "whole pace", "value", "trouble",
    "since" (seconds since 1970)}], the newest first.
    """
    ahead = clock.wall() - clock.monotonic()
    seen: set[int] = set()
    found = []
    for place in places:
        if not _has_learned(place):  # nearly all of them
            continue
        for what, ceiling in _ceilings(place).items():
            if ceiling.value and id(ceiling) not in seen:
                seen.add(id(ceiling))
                found.append(
                    {
                        "source": place.source.id,
                        "provider": place.provider.name,
                        "site": place.name,
                        "what": what,
                        "value": round(ceiling.value, 4),
                        "trouble": round(ceiling.trouble, 4),
                        "since": round(ceiling.since + ahead, 1),
                    }
                )
    return sorted(found, key=lambda one: -float(str(one["since"])))[:MOST]


class Memory:
    """What earlier relays learned. Whatever is not understood is left out: another version may have told it."""

    def __init__(self, clock: Clock, told: Iterable[object] = ()) -> None:
        self._clock = clock
        self._of: dict[tuple[int, str, str], dict[str, tuple[float, float, float]]] = {}
        for one in told:
            self._keep(one)

    def _keep(self, one: object) -> None:
        if not isinstance(one, Mapping):
            return
        try:
            key = (int(one["source"]), str(one["provider"]), str(one["site"]))
            told = float(one["value"]), float(one["trouble"]), float(one["since"])
            what = str(one["what"])
        except (KeyError, TypeError, ValueError):
            return
        known = self._of.setdefault(key, {})
        if (
            0 < self._clock.wall() - told[2] < FORGET
            and told[0] > 0
            and (what not in known or known[what][2] < told[2])
        ):
            known[what] = told

    def remind(self, place: Place) -> None:
        """A place that is begun: what was known of it."""
        ahead = self._clock.wall() - self._clock.monotonic()
        known = self._of.pop((place.source.id, place.provider.name, place.name), {})
        ceilings = _ceilings(place)
        for what, (value, trouble, since) in known.items():
            ceiling = ceilings.get(what)
            if ceiling is not None and not ceiling.value:
                ceiling.learn(value, trouble=trouble, now=since - ahead)


def _has_learned(place: Place) -> bool:
    return bool(
        place.connections.value
        or place.standing.learned.value
        or place.footing.messages.value
        or place.footing.standing.learned.value
    )


def _ceilings(place: Place) -> dict[str, Ceiling]:
    return {
        "connections": place.connections,
        "messages": place.footing.messages,
        "pace": place.standing.learned,
        "whole pace": place.footing.standing.learned,
    }
