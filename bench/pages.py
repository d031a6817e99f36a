"""How many recipients' pages a second the hits process serves on this computer, the one that asks being on it too.

Everybody opens a page of their own (unsubscribe and preferences by turns), in five languages, over kept connections, as a
reverse proxy would. One-click posts are measured after that; each of them is a person who leaves.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from statistics import quantiles
from typing import Any

from bench import house as houses
from bench import report as default_report
from bench.house import CHECKOUT

PEOPLE = int(os.environ.get("BENCH_PAGES_PEOPLE", "20000"))
SECONDS = float(os.environ.get("BENCH_PAGES_SECONDS", "15"))
WORKERS = os.environ.get("BENCH_PAGES_WORKERS", "2")
LINES = 24  # connections that the proxy keeps
WARM_UP = 3.0
TARGET = 500
LANGUAGES = ("en", "de-DE,de;q=0.9,en;q=0.5", "fr", "es-MX", "pt-BR")
ONE_CLICK = b"List-Unsubscribe=One-Click"


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    with houses.private("bench-pages", environ={"TRUSTED_PROXIES": "1", "HITS_WORKERS": WORKERS}) as house:
        report.say(f"seeding {PEOPLE:,} people ...")
        seeded: Any = house.script(CHECKOUT / "bench" / "pages_seeding.py", str(PEOPLE))
        tokens: list[str] = seeded["tokens"]
        with house.connect() as connection:
            connection.execute("VACUUM ANALYZE")
        house.start("hits")
        house.wait_for_port(1)
        asyncio.run(_load(house.port + 1, _pages(tokens), WARM_UP))
        took = asyncio.run(_load(house.port + 1, _pages(tokens), SECONDS))
        rate = len(took) / SECONDS
        report.emit(
            "pages.per_s",
            rate,
            "pages/s",
            f"{TARGET} a second on 2 cores: {rate / TARGET:.2f} times; {WORKERS} processes, {LINES} connections, "
            f"median {_cut(took, 50):.0f} ms, 95 % within {_cut(took, 95):.0f} ms",
            TARGET,
        )
        left = asyncio.run(_load(house.port + 1, _posts(tokens), min(SECONDS, 10)))
        with house.connect() as connection:
            ((gone,),) = connection.execute("SELECT count(*) FROM contacts_subscription WHERE state = 3").fetchall()
        if int(str(gone)) < len(left):
            raise RuntimeError(f"{len(left)} people left, and {gone} of them are gone.")
        report.emit(
            "pages.one_click_per_s",
            len(left) / min(SECONDS, 10),
            "posts/s",
            f"each a commit of its own; median {_cut(left, 50):.0f} ms, 95 % within {_cut(left, 95):.0f} ms",
        )
    return 0


def _cut(took: list[float], percent: int) -> float:
    return quantiles(took, n=100)[percent - 1] * 1000


def _pages(tokens: list[str]) -> Iterator[bytes]:
    def one(number: int) -> bytes:
        kind = "u" if number % 2 else "p"
        return _request("GET", f"/{kind}/{tokens[number % len(tokens)]}", number)

    return map(one, itertools.count())


def _posts(tokens: list[str]) -> Iterator[bytes]:
    return (_request("POST", f"/u/{token}", number, ONE_CLICK) for number, token in enumerate(tokens))


def _request(method: str, path: str, number: int, body: bytes = b"") -> bytes:
    client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    head = f"{method} {path} HTTP/1.1\r\nHost: links.example\r\nX-Forwarded-For: {client}\r\n"
    head += f"Accept-Language: {LANGUAGES[number % len(LANGUAGES)]}\r\n"
    if body:
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def _load(port: int, requests: Iterator[bytes], seconds: float) -> list[float]:
    """Ask over LINES connections for so many seconds; how long each answer took. Raises RuntimeError on one that is no 200."""
    until = time.perf_counter() + seconds
    took: list[float] = []

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            began = time.perf_counter()
            if began >= until:
                break
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{request[:60]!r} was answered {head[:200]!r}")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(line() for _ in range(LINES)))
    return took
