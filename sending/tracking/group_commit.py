"""Group commit: what comes in within some milliseconds is written in one transaction, and each waits for that commit.

Policy: memory is bounded; when there is no room, the one who comes waits a little and is then told. What was taken in is
written, however long the database is away, and only what the database refuses for its content is dropped, and logged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

Item = TypeVar("Item")
log = logging.getLogger(__name__)

BATCH = 200
DELAY_SECONDS = 0.02
ROOM = 10_000
LONGEST_PAUSE_SECONDS = 5.0


class NoRoom(Exception):
    """The queue stayed full."""


class GroupCommit(Generic[Item]):
    """`write` commits a list of items or raises; errors for which `passing` is true are tried again for ever."""

    def __init__(
        self,
        write: Callable[[list[Item]], Awaitable[None]],
        *,
        passing: Callable[[Exception], bool],
        batch: int = BATCH,
        delay: float = DELAY_SECONDS,
        room: int = ROOM,
    ) -> None:
        self._write, self._passing = write, passing
        self._batch, self._delay = batch, delay
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[None]]] = asyncio.Queue(room)
        self._loop: asyncio.Task[None] | None = None
        self.dropped = 0

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run())

    async def stop(self, *, patience: float = 5.0) -> None:
        """Write what is waiting, at most for `patience` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._queue.join(), patience)
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop

    async def add(self, item: Item, *, patience: float) -> bool:
        """Whether the item was committed within `patience` seconds; False: it waits its turn. Raises NoRoom."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((item, done))
        except asyncio.QueueFull:
            try:
                await asyncio.wait_for(self._queue.put((item, done)), patience)
            except TimeoutError as error:
                raise NoRoom from error
        finished, _ = await asyncio.wait({done}, timeout=patience)
        return bool(finished)

    async def _run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            deadline = asyncio.get_running_loop().time() + self._delay
            while len(batch) < self._batch:
                left = deadline - asyncio.get_running_loop().time()
                try:
                    batch.append(await asyncio.wait_for(self._queue.get(), max(left, 0)))
                except TimeoutError:
                    break
            await self._commit([item for item, _ in batch])
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
                self._queue.task_done()

    async def _commit(self, items: list[Item]) -> None:
        pause = 0.05
        while True:
            try:
                await self._write(items)
                return None
            except Exception as error:  # noqa: BLE001  (whatever it is, it is told)
                if not self._passing(error):
                    return await self._commit_apart(items, error)
                log.warning("%d hits wait for the database: %s", len(items), error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _commit_apart(self, items: list[Item], error: Exception) -> None:
        if len(items) == 1:
            self.dropped += 1
            log.error("A hit was dropped, the database refused it: %r", error)
            return
        middle = len(items) // 2
        await self._commit(items[:middle])
        await self._commit(items[middle:])
