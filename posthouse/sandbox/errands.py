"""Running the errands of the sandbox's people: HTTP requests to our own hits process, mail to our own mailroom.

Policy: both go to two fixed addresses on this computer, whatever a message says, so no link in a mail can lead anywhere else.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from sending.mailroom.reception import is_loopback

log = logging.getLogger(__name__)

SECONDS = 15.0
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Thunderbird/133.0",
)


@dataclass(frozen=True)
class Doors:
    """Where our own house listens: (host, port) of the hits process and of the mailroom; loopback addresses only."""

    hits: tuple[str, int]
    mailroom: tuple[str, int]

    def __post_init__(self) -> None:
        for host, _ in (self.hits, self.mailroom):
            if not is_loopback(host):
                raise ValueError(f"{host} is not a loopback address, and nothing may leave this computer")


class Errands:
    """Does things later. At most `at_once` at a time; what fails is counted and said once a minute, never retried for ever."""

    def __init__(self, doors: Doors, *, at_once: int = 16) -> None:
        self._doors = doors
        self._permits = asyncio.Semaphore(at_once)
        self._waiting: set[asyncio.TimerHandle] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._failed = 0
        self._said = 0.0
        self.done = 0

    @property
    def pending(self) -> int:
        return len(self._waiting) + len(self._running)

    def get(self, *, after: float, host: str, path: str, agent: str) -> None:
        """Fetch a pixel or follow a link, after so many seconds."""
        self._later(after, partial(_http, self._doors.hits, "GET", host, path, agent))

    def post_leave(self, *, after: float, host: str, path: str) -> None:
        """Press the provider's own unsubscribe button (RFC 8058)."""
        self._later(
            after,
            partial(_http, self._doors.hits, "POST", host, path, "PosthouseSandbox/1", b"List-Unsubscribe=One-Click"),
        )

    def mail(self, *, after: float, sender: str, to: str, message: bytes) -> None:
        """Send a mail to our mailroom."""
        self._later(after, partial(send_mail, self._doors.mailroom, sender=sender, to=to, message=message))

    async def close(self) -> None:
        """Drop what was meant for later, let what is running end."""
        for handle in self._waiting:
            handle.cancel()
        self._waiting.clear()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=3)
            for task in late:
                task.cancel()

    def _later(self, after: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop = asyncio.get_running_loop()
        handle: asyncio.TimerHandle

        def begin() -> None:
            self._waiting.discard(handle)
            task = loop.create_task(self._do(work))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

        handle = loop.call_later(after, begin)
        self._waiting.add(handle)

    async def _do(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async with self._permits:
            try:
                async with asyncio.timeout(SECONDS):
                    await work()
                self.done += 1
            except (
                OSError,
                TimeoutError,
                asyncio.IncompleteReadError,
                asyncio.LimitOverrunError,
                ErrandFailed,
            ) as error:
                self._failed += 1
                now = asyncio.get_running_loop().time()
                if now - self._said > 60:
                    self._said = now
                    log.warning(
                        "sandbox: %d errands of its people failed so far, the last: %s",
                        self._failed,
                        error or type(error).__name__,
                    )


class ErrandFailed(Exception):
    """Our own house answered, and said no."""


async def _http(door: tuple[str, int], method: str, host: str, path: str, agent: str, body: bytes = b"") -> None:
    reader, writer = await asyncio.open_connection(*door)
    try:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n"
        )
        if body:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode("ascii", "replace") + b"\r\n" + body)
        status = (await reader.readline()).split(b" ")
        if len(status) < 2 or status[1][:1] not in (b"2", b"3"):
            raise ErrandFailed(
                f"{method} {path[:3]}…: {b' '.join(status).decode('ascii', 'replace').strip() or 'no answer'}"
            )
    finally:
        writer.close()


async def send_mail(door: tuple[str, int], *, sender: str, to: str, message: bytes) -> None:
    """One message over SMTP. Raises ErrandFailed when it is refused, OSError when nobody listens."""
    reader, writer = await asyncio.open_connection(*door)

    async def say(line: bytes, wanted: bytes) -> None:
        if line:
            writer.write(line)
        while True:
            reply = await reader.readline()
            if reply[3:4] != b"-":
                break
        if not reply.startswith(wanted):
            raise ErrandFailed(f"mailroom: {reply.decode('utf-8', 'replace').strip() or 'no answer'}")

    try:
        await say(b"", b"220")
        await say(b"EHLO people.sandbox.example\r\n", b"250")
        await say(f"MAIL FROM:<{sender}>\r\n".encode(), b"250")
        await say(f"RCPT TO:<{to}>\r\n".encode(), b"250")
        await say(b"DATA\r\n", b"354")
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        await say(
            (b"." if stuffed.startswith(b".") else b"")
            + stuffed
            + (b"" if stuffed.endswith(b"\r\n") else b"\r\n")
            + b".\r\n",
            b"250",
        )
        writer.write(b"QUIT\r\n")
    finally:
        writer.close()
