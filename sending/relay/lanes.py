"""What is known to wait in the ledger: the lanes to claim from, those of which something may leave later, and whether there is
more to be found. Whoever claims sleeps here, and everybody else wakes it here.
"""

import asyncio
from collections.abc import Sequence

from sending.relay.later import Later
from sending.relay.ports import Lane


class Lanes:
    """`ready`: lanes from which may be claimed, by id. `has_news`: there may be more than was seen at the last look."""

    def __init__(self) -> None:
        self.ready: dict[int, Lane] = {}
        self.later = Later()
        self.has_news = True
        self._woken = asyncio.Event()

    def see(self, lanes: Sequence[Lane], *, now: float) -> None:
        """A look at the ledger: these are all."""
        self.ready = self.later.keep(lanes, now=now)

    def begin(self, lanes: Sequence[Lane]) -> None:
        """The moment of these has come."""
        self.ready.update((lane.id, lane) for lane in lanes)

    def drained(self, lane: Lane) -> None:
        """It had less than was asked for; the next look tells whether more has come."""
        self.ready.pop(lane.id, None)
        self.has_news = True

    def drop_mailing(self, mailing_id: int) -> None:
        """A mailing may not go on."""
        self.later.drop_mailing(mailing_id)
        self.ready = {lane.id: lane for lane in self.ready.values() if lane.mailing_id != mailing_id}

    def wake(self) -> None:
        self._woken.set()

    async def sleep(self, seconds: float) -> None:
        """Until woken, or so long: then it is time to look again."""
        self._woken.clear()
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            self.has_news = True
