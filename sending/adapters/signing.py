"""RSA on threads: OpenSSL frees the interpreter while it signs, so the relay's loop goes on meanwhile."""

import asyncio
import threading
from collections import deque
from queue import SimpleQueue

from sending import dkim


class SigningThreads:
    """A few threads that sign. Results come back in batches: one wake-up of the loop for all that are ready.

    Without threads (0) the loop signs itself: when every core has a relay of its own, nobody is there to sign meanwhile, and
    handing the interpreter to and fro costs more than it gains.
    """

    def __init__(self, count: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._work: SimpleQueue[tuple[dkim.Unsigned, asyncio.Future[bytes]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[bytes], bytes | Exception]] = deque()
        self._woken = False
        self._threads = [threading.Thread(target=self._sign, name=f"dkim {n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def sign(self, unsigned: dkim.Unsigned) -> "asyncio.Future[bytes]":
        """The raw signature, later."""
        future: asyncio.Future[bytes] = self._loop.create_future()
        if not self._threads:
            try:
                future.set_result(dkim.sign(unsigned))
            except Exception as error:  # noqa: BLE001  (whoever waits gets it)
                future.set_exception(error)
            return future
        self._work.put((unsigned, future))
        return future

    def close(self) -> None:
        for _ in self._threads:
            self._work.put(None)

    def _sign(self) -> None:
        while (job := self._work.get()) is not None:
            unsigned, future = job
            try:
                result: bytes | Exception = dkim.sign(unsigned)
            except Exception as error:  # noqa: BLE001  (whoever waits gets it)
                result = error
            self._done.append((future, result))
            if not self._woken:
                self._woken = True
                try:
                    self._loop.call_soon_threadsafe(self._deliver)
                except RuntimeError:  # the loop has ended
                    return

    def _deliver(self) -> None:
        self._woken = False  # before looking: what comes later wakes again
        while self._done:
            future, result = self._done.popleft()
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
