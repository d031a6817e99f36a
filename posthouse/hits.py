"""The hits app: pixels, clicks, one-click unsubscribes and recipients' pages, on the host that links in mail point to.

Pixels and clicks never meet Django: their token is read, the link's destination looked up in the content as sent (so there
is no open redirect), and the hit written with others in one commit. A database that is slow or away never keeps a reader
from a link that we know. HEAD and other methods never count. Everything else goes to Django, a few pages at a time.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "posthouse.hits_settings"

from django.core.asgi import get_asgi_application

files = get_asgi_application()  # the apps are ready from here on, so that what follows may import models

from django.conf import settings  # noqa: E402
from psycopg_pool import AsyncConnectionPool  # noqa: E402

from accounts import derived_keys  # noqa: E402
from accounts.client_address import client_address  # noqa: E402
from accounts.tenancy import daemon_dsn  # noqa: E402
from posthouse.hits_pages import Pages  # noqa: E402
from sending.adapters.hits import Hit, HitLog, is_passing  # noqa: E402
from sending.tracking import tokens  # noqa: E402
from sending.tracking.destinations import safe_destination  # noqa: E402
from sending.tracking.group_commit import GroupCommit, NoRoom  # noqa: E402
from sending.tracking.rate_limit import RateLimit  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

log = logging.getLogger("posthouse.hits")

PIXEL = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
PAGE_PREFIXES = ("/u/", "/p/", "/d/", "/f/", "/s/", "/v/", "/r/", "/archive/", "/brand/", "/media/", "/static/")
FILE_PREFIXES = ("/brand/", "/media/", "/static/")
MAX_BODY = 64 * 1024
BODY_SECONDS = 10.0
COMMIT_SECONDS = 1.0  # how long a reader waits for the commit of the own hit
LOOKUP_SECONDS = 5.0
FRESH_SECONDS = 0.5  # how long a link that we know is not looked up again: it may be led elsewhere at any moment
KNOWN_SECONDS = 1.0  # how long a reader waits for that look
PAGES_AT_ONCE = 4  # threads: more of them would only wait for each other
PAGES_WAITING = 200
MAX_CACHED_LINKS = 20_000
PRIVATE = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
]
NOT_OURS = "This link is not complete. Please open it again from the mail.\n"


class HitsApp:
    """An ASGI 3 application."""

    def __init__(self) -> None:
        self._keys = derived_keys.keys_for(tokens.PURPOSE)
        self._page_limit = RateLimit(burst=120, per_second=4)
        self._pages = Pages(PAGES_AT_ONCE)
        self._pages_waiting = 0
        self._links: dict[tuple[int, int, int], tuple[str, float]] = {}  # destination, and until when it is fresh
        self._log: HitLog | None = None
        self._commits: GroupCommit[Hit] | None = None
        self._stack = AsyncExitStack()
        self._started = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            try:
                await self._answer(scope, receive, send)
            except Exception:
                log.exception("An error on %s", scope.get("path", "")[:3])  # /u/ and no further: a token is a key
                await _reply(send, 500, "Something went wrong on our side. Please try again.\n")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._commits is not None:
                    await self._commits.stop()
                await self._stack.aclose()
                self._pages.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self) -> GroupCommit[Hit]:
        async with self._started:
            if self._commits is None:
                pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
                    daemon_dsn(),
                    min_size=1,
                    max_size=5,
                    timeout=LOOKUP_SECONDS,
                    open=False,
                    kwargs={"autocommit": True},
                )
                await pool.open()
                self._stack.push_async_callback(pool.close)
                self._log = HitLog(pool)
                self._commits = GroupCommit(self._log.write, passing=is_passing)
                self._commits.start()
            return self._commits

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path.startswith("/c/"):
            await self._click(scope, send, path[3:], method)
        elif path.startswith("/i/"):
            await self._pixel(scope, send, path[3:], method)
        elif path == "/livez":
            await _reply(send, 200, "ok\n", head=method == "HEAD")
        elif path == "/robots.txt":
            await _reply(send, 200, "User-agent: *\nAllow: /archive/\nDisallow: /\n", head=method == "HEAD")
        elif path.startswith(PAGE_PREFIXES):
            await self._page(scope, receive, send, path, method)
        else:
            await _reply(send, 404, NOT_OURS)

    async def _pixel(self, scope: Scope, send: Send, name: str, method: str) -> None:
        if method not in {"GET", "HEAD"}:
            await _reply(send, 405, "Only GET.\n", [(b"allow", b"GET, HEAD")])
            return
        hit = tokens.read(name.removesuffix(".gif"), keys=self._keys)
        if hit is not None and hit.link is None and method == "GET":
            await self._count(scope, hit)
        # A pixel that is not ours is answered with the same picture: nobody wants a broken image in a mail.
        await _send(send, 200, b"" if method == "HEAD" else PIXEL, [(b"content-type", b"image/gif"), *PRIVATE])

    async def _click(self, scope: Scope, send: Send, token: str, method: str) -> None:
        if method not in {"GET", "HEAD"}:
            await _reply(send, 405, "Only GET.\n", [(b"allow", b"GET, HEAD")])
            return
        hit = tokens.read(token, keys=self._keys)
        if hit is None or hit.link is None:
            await _reply(send, 404, NOT_OURS)
            return
        destination = await self._destination(hit)
        if destination is None:
            await _reply(send, 404, "This link led somewhere once, and does not any more.\n")
            return
        if method == "GET":
            await self._count(scope, hit)
        await _send(send, 302, b"", [(b"location", destination.encode("ascii")), *PRIVATE])

    async def _destination(self, hit: tokens.Hit) -> str | None:
        link = hit.link or 0
        known, fresh_until = self._links.get(key := (hit.delivery_id, hit.mailing_id, link), (None, 0.0))
        if known is not None and time.monotonic() < fresh_until:
            return known
        await self._start()
        assert self._log is not None  # _start made it
        look = self._log.destination(delivery_id=hit.delivery_id, mailing_id=hit.mailing_id, link=link)
        try:
            found = await asyncio.wait_for(look, LOOKUP_SECONDS if known is None else KNOWN_SECONDS)
        except Exception as error:
            if known is None or not is_passing(error):
                raise
            return known
        destination = safe_destination(found or "")
        self._links.pop(key, None)
        if destination is not None:
            if len(self._links) >= MAX_CACHED_LINKS:
                self._links.clear()
            self._links[key] = destination, time.monotonic() + FRESH_SECONDS
        return destination

    async def _count(self, scope: Scope, hit: tokens.Hit) -> None:
        if hit.is_test:
            return
        commits = await self._start()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        one = Hit(
            delivery_id=hit.delivery_id,
            mailing_id=hit.mailing_id,
            link=hit.link,
            at=datetime.now(UTC),
            user_agent=headers.get(b"user-agent", "")[:1_000],
            referrer=headers.get(b"referer", "")[:1_000],
            purpose=(headers.get(b"sec-purpose") or headers.get(b"purpose") or headers.get(b"x-moz", ""))[:100],
            ip=_client(scope, headers),
        )
        try:
            await commits.add(one, patience=COMMIT_SECONDS)
        except NoRoom:
            log.error("A hit was not counted: more come in than the database takes.")

    async def _page(self, scope: Scope, receive: Receive, send: Send, path: str, method: str) -> None:
        one_click = method == "POST" and path.startswith("/u/") and path.count("/") == 2
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        # Mailbox providers send everybody's one-click posts from a few addresses: those are never turned away.
        limited = not one_click and not path.startswith(FILE_PREFIXES)
        if limited and not self._page_limit.allows(_client(scope, headers) or ""):
            await _reply(send, 429, "Too many requests. Please wait a moment.\n", [(b"retry-after", b"30")])
            return
        body = await _body(receive, headers.get(b"content-length", ""))
        if body is None:
            await _reply(send, 413, "That is more than this page takes.\n")
            return
        if self._pages_waiting >= PAGES_WAITING:
            await _reply(send, 503, "Busy. Please try again in a moment.\n", [(b"retry-after", b"2")])
            return
        self._pages_waiting += 1
        try:
            if path.startswith(FILE_PREFIXES):
                await files(scope, _replay(body, receive), send)
            else:
                await self._pages.answer(scope, body, send)
        finally:
            self._pages_waiting -= 1


def _client(scope: Scope, headers: dict[bytes, str]) -> str | None:
    peer = scope["client"][0] if scope.get("client") else ""
    return client_address(peer=peer, forwarded=headers.get(b"x-forwarded-for", ""), proxies=settings.TRUSTED_PROXIES)


async def _body(receive: Receive, length: str) -> bytes | None:
    """The whole body, None when it is larger than MAX_BODY or does not come in time."""
    if length.isdigit() and int(length) > MAX_BODY:
        return None
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > MAX_BODY:
                    return None
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError:
        return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives the body that was read already, then goes on with the real one."""
    given = False

    async def replay() -> Mapping[str, Any]:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


async def _reply(
    send: Send, status: int, text: str, more: list[tuple[bytes, bytes]] | None = None, *, head: bool = False
) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *PRIVATE, *(more or [])]
    await _send(send, status, b"" if head else text.encode(), headers)


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"x-content-type-options", b"nosniff")]
    if body or status != 302:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


application = HitsApp()
