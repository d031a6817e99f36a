"""Virtual time: an event loop in which a pause takes no time, so that hours of a relay's life pass in seconds, each time alike.

Everything runs as it does on a real loop, in the same order; only when nothing is left to do does the clock jump to the next
timer. There are no sockets in it: who wants to talk to somebody talks in memory.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
EPOCH = 1_800_000_000.0  # what its clock on the wall says at the beginning


class _Patience(selectors.DefaultSelector):
    """Waits by turning the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits, and no timer is set")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._patience = _Patience()
        super().__init__(self._patience)

    def time(self) -> float:
        return self._patience.now


class VirtualClock:
    """The relay's clock in that loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.monotonic = loop.time

    def wall(self) -> float:
        return EPOCH + self.monotonic()


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """As asyncio.run, in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
