"""Recipients' pages within the hits process: Django on a few threads that stay, each with its own connection.

Django's own ASGI handler makes a thread and a connection for every request, which costs more than the page. Here a request is
handed to a thread whole and its answer comes back whole; none of these pages streams.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import HttpResponse
from django.urls import set_script_prefix

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

SAFE = {"GET", "HEAD"}


class Pages:
    """Answers whole requests (ASGI 3 scopes with their bodies) by the views of ROOT_URLCONF."""

    def __init__(self, threads: int) -> None:
        self._handler = BaseHandler()
        self._handler.load_middleware()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    async def answer(self, scope: dict[str, Any], body: bytes, send: Send) -> None:
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._work, scope, body)
        status, headers, content = await work
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def close(self) -> None:
        self._threads.shutdown(wait=True)

    def _work(self, scope: dict[str, Any], body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        response = self._response(scope, body)
        if response.status_code == 500 and connection.errors_occurred and scope["method"] in SAFE:
            # The database was away for a moment; this line to it is dead, and asking again changes nothing.
            connection.close()
            response = self._response(scope, body)
        connection.close_if_unusable_or_obsolete()
        content = b"" if scope["method"] == "HEAD" else response.content
        headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
        headers += [(b"set-cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
        headers.append((b"content-length", str(len(response.content)).encode()))
        response.close()
        return response.status_code, headers, content

    def _response(self, scope: dict[str, Any], body: bytes) -> HttpResponse:
        set_script_prefix("/")
        response = self._handler.get_response(ASGIRequest(scope, io.BytesIO(body)))
        assert isinstance(response, HttpResponse)  # none of these pages streams
        return response
