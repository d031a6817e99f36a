"""The relay's Addresses (sending/relay/owning.py) over the tables, with locks on a line of its own.

Trap: a lock lasts as long as its session. When the line is made anew all locks are gone, and perhaps somebody else's by now;
so nothing goes on over a new line before the relay has been told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sending import keys
from sending.adapters import source_sql as sql
from sending.adapters.lines import BY_INDEX, Line
from sending.relay import proxies
from sending.relay.owning import Fellow, Seen
from sending.relay.ports import Unreachable
from sending.relay.proxies import Proxy
from sending.relay.sources import Source

log = logging.getLogger(__name__)

PROXY = "password of a proxy"  # the purpose that it is sealed for
ANSWER = 5.0  # seconds, after which the line counts as lost
# The server forgets a computer that went away later than that computer gives its addresses up.
_ALIVE = ("SET tcp_keepalives_idle = 5", "SET tcp_keepalives_interval = 3", "SET tcp_keepalives_count = 3")

T = TypeVar("T")


class Locks:
    """One relay's view of our addresses. `relay_id`: who it is now."""

    def __init__(self, dsn: str, *, relay_id: Callable[[], int]) -> None:
        self._line = Line(dsn, name="relay addresses", settings=(*BY_INDEX, *_ALIVE))
        self._relay_id = relay_id
        self._session: Any = None
        self._proxies: dict[int, tuple[tuple[str, bytes], Proxy | None]] = {}

    async def close(self) -> None:
        """Every address is given up."""
        self._session = None
        await self._line.close()

    async def look(self) -> Seen:
        return await self._in_time(self._look())

    async def take(self, source_id: int) -> bool:
        return bool(await self._in_time(self._line.rows(sql.TAKE, {"id": source_id, "relay": self._relay_id()})))

    async def give_up(self, source_id: int) -> None:
        await self._in_time(self._line.rows(sql.GIVE_UP, {"id": source_id, "relay": self._relay_id()}))

    async def _in_time(self, answer: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(answer, ANSWER)
        except TimeoutError as error:
            await self._line.close()
            raise Unreachable(f"no answer in {ANSWER:g} seconds") from error

    async def _look(self) -> Seen:
        session = await self._line.connection()
        if session is not self._session:
            had_one, self._session = self._session is not None, session
            if had_one:
                raise Unreachable("the line that the locks were on was lost")
        rows = await self._line.rows(sql.IN_USE)
        if not rows:
            return Seen()
        sources = [source for _, *row in rows if (source := self._source(*row)) is not None]
        owners = {row[1]: row[0] for row in rows}
        fellows = await self._line.rows(sql.FELLOWS, {"relay": self._relay_id()})
        return Seen(tuple(sources), {relay: Fellow(_of(relay, owners), _numbers(able)) for relay, able in fellows})

    def _source(
        self,
        number: int,
        address: str,
        name: str,
        proxy: str,
        secret: bytes | None,
        pools: list[int],
        weights: list[int],
    ) -> Source | None:
        """None when its proxy cannot be read, which is said once."""
        through = None
        if proxy:
            written = (proxy, bytes(secret or b""))
            known = self._proxies.get(number)
            if known is None or known[0] != written:
                known = self._proxies[number] = (written, _proxy(address, *written))
            through = known[1]
            if through is None:
                return None
        return Source(number, address, name, frozenset(pools), tuple(zip(pools, weights, strict=True)), through)


def _proxy(address: str, text: str, secret: bytes) -> Proxy | None:
    try:
        password = keys.decrypt(secret, purpose=PROXY).decode() if secret else ""
        return proxies.read(text, password=password)
    except (keys.Unreadable, proxies.BadProxy, UnicodeDecodeError) as error:
        log.error("The proxy of %s cannot be used: %s", address, error)
        return None


def _of(relay: int, owners: dict[int, int | None]) -> frozenset[int]:
    return frozenset(number for number, owner in owners.items() if owner == relay)


def _numbers(told: Any) -> frozenset[int]:
    """A relay of another version may tell it otherwise, or not at all."""
    return frozenset(n for n in told if isinstance(n, int)) if isinstance(told, list) else frozenset()
