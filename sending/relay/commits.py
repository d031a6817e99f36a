"""Group commit: what is known is settled, and leave for the next final dots is asked, in one durable transaction after
another, in order, on one connection.

Policy: a settlement commits no later than the same connection's next leave, because both go through this queue. A leave is
good for a moment only, so that a hold or an opt-out is obeyed within two seconds and a relay that was stopped and wakes
finds all its leaves stale. After a failure settlements are repeated (they are idempotent) and leaves are refused.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sending.relay.ports import Clock, Journal, Leave, Settlement, Unreachable

log = logging.getLogger(__name__)

FRESH = 1.5  # seconds from the question to the final dot
MOST = 500  # settlements or questions in one transaction
GAP = 0.008  # seconds between transactions while there is little to write
ENOUGH = 40  # ... which is less than this


@dataclass(frozen=True, slots=True)
class Granted:
    """A leave, and when it was asked for (monotonic)."""

    leave: Leave
    since: float


class Commits:
    """The relay's one way into the ledger. `ended` is told of each delivery that is not in hand any more."""

    def __init__(
        self, journal: Journal, clock: Clock, *, ended: Callable[[Settlement], None] = lambda settlement: None
    ) -> None:
        self._ended = ended
        self._journal = journal
        self._clock = clock
        self._settlements: deque[Settlement] = deque()
        self._asked: dict[int, asyncio.Future[Granted | None]] = {}
        self._open: dict[int, int] = {}  # delivery -> seq of its newest intent
        self._wake = asyncio.Event()
        self._seq = 0
        self.settled = 0  # results that have been committed
        self._idle = asyncio.Event()
        self._idle.set()
        self.is_unsure = False  # results were handed over and nobody knows whether they were committed

    def settle(self, settlement: Settlement) -> None:
        """Write down what became of a delivery, soon."""
        self._settlements.append(settlement)
        self._ended(settlement)
        self._wake.set()
        self._idle.clear()

    def ask(self, delivery_id: int) -> "asyncio.Future[Granted | None]":
        """Ask leave for a final dot; None when the delivery is not ours any more or the ledger cannot be reached."""
        future = asyncio.get_running_loop().create_future()
        self._asked[delivery_id] = future
        self._wake.set()
        self._idle.clear()
        return future

    def is_fresh(self, granted: Granted) -> bool:
        """Whether a leave may still be used; to be asked right before the dot, with no await between."""
        return self._clock.monotonic() - granted.since < FRESH

    async def run(self) -> None:
        """Commit for ever. Raises Fenced."""
        pause = 0.1
        last = 0.0
        while True:
            if not self._settlements and not self._asked:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            early = last + GAP - self._clock.monotonic()
            if early > 0 and len(self._settlements) + len(self._asked) < ENOUGH:
                await asyncio.sleep(early)
            last = self._clock.monotonic()
            if await self._commit():
                pause = 0.1
            else:
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)

    async def drained(self) -> None:
        """Wait until everything is committed."""
        await self._idle.wait()

    async def trim(self) -> None:
        """Forget the intents of what is settled."""
        before = min(self._open.values(), default=self._seq + 1)
        await self._journal.trim(before)

    async def _commit(self) -> bool:
        settlements = [self._settlements.popleft() for _ in range(min(MOST, len(self._settlements)))]
        asked = dict(list(self._asked.items())[:MOST])
        for delivery_id in asked:
            del self._asked[delivery_id]
        self._seq += 1
        seq, since = self._seq, self._clock.monotonic()
        self._open.update(dict.fromkeys(asked, seq))
        try:
            leaves = await self._journal.flush(settlements, list(asked), seq)
        except BaseException as error:
            self._settlements.extendleft(reversed(settlements))
            self.is_unsure |= bool(settlements)
            self._refuse(asked)
            if not isinstance(error, Unreachable):
                raise
            log.warning("The ledger cannot be reached: %s. %d results wait.", error, len(self._settlements))
            self._refuse(self._asked)
            return False
        self.is_unsure = False
        for settlement in settlements:
            self._open.pop(settlement.id, None)
        self.settled += len(settlements)
        for leave in leaves:
            future = asked.pop(leave.id, None)
            if future is not None and not future.done():
                future.set_result(Granted(leave, since))
        self._refuse(asked)
        return True

    def _refuse(self, asked: dict[int, "asyncio.Future[Granted | None]"]) -> None:
        for future in asked.values():
            if not future.done():
                future.set_result(None)
        asked.clear()
