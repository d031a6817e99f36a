"""Whether our own relay is out of order for a stream that has another way: most of the great providers that its mail waits for
are held, or were a moment ago and have taken nothing since.

Policy: only providers that we know count. What is left of a send in the end are the domains that are down; that is about them.
One great provider that is held may be about itself; several at once, for so long, are about us.
"""

from collections.abc import Callable, Iterable

from sending.relay.ports import Clock, Lane

LEAST_PLACES = 3
SHARE = 0.8


class Standstill:
    """`place_of`: what a lane waits for now and whether that is held; None while that is not known."""

    def __init__(self, clock: Clock, place_of: Callable[[Lane], tuple[object, bool] | None]) -> None:
        self._clock = clock
        self._place_of = place_of
        self._since: dict[int, float] = {}

    def look(self, lanes: Iterable[Lane]) -> dict[int, float]:
        """For how many seconds the mail of each stream has stood still, by these lanes, which could leave now."""
        places: dict[int, dict[object, bool]] = {}
        for lane in lanes:
            if lane.other_way and (place := self._place_of(lane)) is not None:
                places.setdefault(lane.other_way, {})[place[0]] = place[1]
        now = self._clock.monotonic()
        still = {
            stream for stream, found in places.items()
            if len(found) >= LEAST_PLACES and sum(found.values()) >= SHARE * len(found)
        }  # fmt: skip
        self._since = {stream: self._since.get(stream, now) for stream in still}
        return {stream: now - since for stream, since in self._since.items()}
