"""The relay's Spool and Journal over the ledger's tables.

Three lines: results and leaves (committed durably, in order), claims (asynchronously: a claim that is lost in a crash was never
made), and chores. LISTEN has a line of its own.
"""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from sending.adapters import budget_sql, ruling_sql, source_sql, tls_sql
from sending.adapters import ledger_sql as sql
from sending.adapters import wave_sql as waves
from sending.adapters.arrays import numbers, texts
from sending.adapters.lines import BY_INDEX, Line
from sending.enums import DeliveryState
from sending.relay import tls_counts
from sending.relay.budgets import Budget
from sending.relay.clocks import LedgerClock
from sending.relay.policies import Kept
from sending.relay.ports import Fenced, Lane, Leave, Parcel, Settlement, Unreachable, Wave
from sending.relay.rulings import Ruling

log = logging.getLogger(__name__)

SWEEP_ROWS = 5_000  # given back in one transaction
CHORES_EVERY = 10  # heartbeats between two rounds of slower chores
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LISTEN_SECONDS = 60.0
_RULINGS_SECONDS = 1.0  # and where no news come through (a pool of connections between us), looked at as often

_STATES = {
    "released": 0,
    "deferred": int(DeliveryState.DEFERRED),
    "delivered": int(DeliveryState.DELIVERED),
    "bounced": int(DeliveryState.BOUNCED),
    "expired": int(DeliveryState.EXPIRED),
    "suppressed": int(DeliveryState.SUPPRESSED),
    "cancelled": int(DeliveryState.CANCELLED),
    "failed": int(DeliveryState.FAILED),
    "in_doubt": int(DeliveryState.IN_DOUBT),
    "handed_over": int(DeliveryState.HANDED_OVER),
}


class Load(NamedTuple):
    """What the Composer needs of a claimed delivery. `letter_id` None: stored content. `values`: the contact's, if any.

    `locale`: the contact's, as people wrote it, or "".
    """

    organization_id: int
    mailing_id: int
    contact_id: int | None
    letter_id: int | None
    values: dict[str, Any] | None
    locale: str | None = None


def _lane(row: Sequence[Any], pools: source_sql.Pools) -> Lane:
    *facts, stream_pool, overflows = row
    lane = Lane(*facts)
    if not pools:
        return lane
    pool_id = pools.of(lane.organization_id, stream_pool)
    return replace(lane, pool_id=pool_id, overflow_id=pools.beyond(pool_id) if overflows and pool_id else 0)


class Ledger:
    """One relay's view of the ledger: a Spool and a Journal (sending/relay/ports.py)."""

    def __init__(self, dsn: str, *, name: str = "") -> None:
        self.relay_id = 0
        self.clock = LedgerClock()
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._results = Line(dsn, name="relay results", settings=(*BY_INDEX, "SET synchronous_commit = on"))
        self._claims = Line(dsn, name="relay claims", settings=(*BY_INDEX, "SET synchronous_commit = off"))
        self._chores = Line(dsn, name="relay chores")
        self._policies = Line(dsn, name="relay policies")  # not behind long chores: a domain's first mail waits for it
        self._news = Line(dsn, name="relay news", settings=(f"LISTEN {sql.NEWS_CHANNEL}",))
        self._rulings = Line(dsn, name="relay rulings", settings=(f"LISTEN {ruling_sql.NEWS_CHANNEL}",))
        self._cursors: dict[int, tuple[datetime, int]] = {}
        self._beats = 0

    async def register(self) -> None:
        """Become a relay, under a new id. Raises Unreachable."""
        rows = await self._chores.rows(sql.REGISTER, {"name": self._name, "pid": os.getpid()})
        self.relay_id = int(rows[0][0])
        self.clock.put_right(rows[0][1])
        self._cursors.clear()

    async def close(self) -> None:
        for line in (self._results, self._claims, self._chores, self._policies, self._news, self._rulings):
            await line.close()

    # --- Spool --------------------------------------------------------------------------------------------------------

    async def waiting(self) -> list[Lane]:
        rows = await self._claims.rows(sql.WAITING)
        pools = source_sql.Pools(await self._claims.rows(source_sql.POOLS))
        lanes = [_lane(row, pools) for row in rows]
        for lane in lanes:
            cursor = self._cursors.get(lane.id)
            if cursor is not None and lane.first_due <= cursor[0].timestamp():
                del self._cursors[lane.id]  # something came back to before the place where we were
        if len(self._cursors) > 4 * len(lanes) + 1000:
            here = {lane.id for lane in lanes}
            self._cursors = {lane: cursor for lane, cursor in self._cursors.items() if lane in here}
        return lanes

    async def let_go(self) -> None:
        await self._claims.rows(sql.LET_GO)

    async def claim(
        self, wishes: Sequence[tuple[Lane, int]], but: Mapping[int, Collection[int]] = MappingProxyType({})
    ) -> list[Parcel]:
        lanes = {lane.id: lane for lane, _ in wishes}
        cursors = [self._cursors.get(lane_id, (_BEGINNING, 0)) for lane_id in lanes]
        rows = await self._claims.rows(
            sql.CLAIM,
            {
                "relay": self.relay_id,
                "lanes": list(lanes),
                "limits": [count for _, count in wishes],
                "dues": [due for due, _ in cursors],
                "ids": [delivery_id for _, delivery_id in cursors],
                "accounts": [lane.account_id for lane in lanes.values()],
                "but": [f"{{{','.join(map(str, but[lane_id]))}}}" if lane_id in but else "{}" for lane_id in lanes],
            },
        )
        parcels: list[Parcel] = []
        for delivery_id, lane_id, address, attempts, due, born, refusal, source, *load in rows:
            lane, content = lanes[lane_id], Load(*load)
            parcels.append(
                Parcel(delivery_id, lane, address, attempts, due.timestamp(), born, refusal, content, source)
            )
            self._cursors[lane_id] = (due, delivery_id)
        got = {parcel.lane.id for parcel in parcels}
        for lane_id in lanes.keys() - got:
            self._cursors.pop(lane_id, None)
        return parcels

    # --- Journal ------------------------------------------------------------------------------------------------------

    async def flush(self, settlements: Sequence[Settlement], asked: Sequence[int], seq: int) -> list[Leave]:
        rows = await self._results.rows(
            sql.FLUSH,
            {
                "relay": self.relay_id,
                "seq": seq,
                "asked": numbers(asked),
                "ids": numbers([s.id for s in settlements]),
                "states": numbers([_STATES[s.state] for s in settlements]),
                "reasons": texts([s.reason[:30] for s in settlements]),
                "codes": texts([s.code[:16] for s in settlements]),
                "texts": texts([s.text for s in settlements]),
                "hosts": texts([s.host for s in settlements]),
                "providers": texts([s.provider[:40] for s in settlements]),
                "dues": numbers([s.due for s in settlements]),
                "tried": numbers([s.tried for s in settlements]),
                "suppress": texts([s.suppress for s in settlements]),
                "tls": texts([s.tls for s in settlements]),
                "likenesses": texts([s.likeness for s in settlements]),
                "traces": texts([json.dumps(s.trace) if s.trace else "" for s in settlements]),
                "sources": numbers([s.source_id for s in settlements]),
                "borns": numbers([s.born for s in settlements]),
            },
        )
        for settlement in settlements:
            if settlement.state == "released":
                # It is before its lane's cursor now; forget all cursors: cheaper than to know which.
                self._cursors.clear()
                break
        return [Leave(*row) for row in rows]

    async def beat(self, facts: dict[str, Any]) -> int:
        rows = await self._chores.rows(sql.BEAT, {"relay": self.relay_id, "facts": Jsonb(facts)})
        if not rows:
            raise Fenced(f"relay {self.relay_id} was declared dead")
        self.clock.put_right(rows[0][1])
        return int(rows[0][0])

    async def learned(self) -> list[object]:
        rows = await self._chores.rows(sql.LEARNED, {"relay": self.relay_id})
        return [one for (told,) in rows for one in json.loads(told)]

    async def trim(self, before: int) -> None:
        await self._chores.rows(sql.TRIM, {"relay": self.relay_id, "before": before})

    async def reap(self) -> int:
        for relay_id, name in await self._chores.rows(sql.END_SILENT):
            log.warning("Relay %d (%s) gives no sign of life; its mail is taken back.", relay_id, name)
        given_back = await self._sweep()
        if self._beats % CHORES_EVERY == 0:
            await self._slow_chores()
        self._beats += 1
        return given_back

    async def _sweep(self) -> int:
        given_back = 0
        while True:
            rows = await self._chores.rows(sql.SWEEP, {"limit": SWEEP_ROWS})
            if not rows:
                return given_back
            relay_id, count, doubtful = rows[0]
            given_back += count
            if count:
                log.info("Relay %d: %d deliveries given back, %d of them unconfirmed.", relay_id, count, doubtful)
                continue
            if not await self._chores.rows(sql.SWEPT, {"relay": relay_id}):
                return given_back  # somebody else holds a row of it; next time
            await self._chores.rows(sql.FORGET, {"relay": relay_id})

    async def _slow_chores(self) -> None:
        await self._chores.rows(sql.REQUEUE_DOUBTFUL)
        await self._chores.rows(sql.FORGET_OLD)
        await self._chores.rows(source_sql.FOLD)
        await self._chores.rows(source_sql.FORGET_COUNTS)
        await self._chores.rows(ruling_sql.FORGET_OLD)
        for wave_id, likeness, place in await self._chores.rows(waves.OPEN_NOW):
            await self._take_back(wave_id, likeness, place)  # those of relays that had not heard of it yet
        try:
            connection = await self._chores.connection()
            async with connection.transaction():
                locked = await (await connection.execute(sql.LOCK_LANES)).fetchall()
                if locked:
                    await connection.execute(sql.CLOSE_LANES, {"ids": [row[0] for row in locked]})
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            await self._chores.close()
            raise Unreachable(str(error)) from error

    async def wave(self, wave: Wave) -> int:
        rows = await self._chores.rows(waves.OPEN, waves.opening(wave))
        return await self._take_back(int(rows[0][0]), wave.likeness, wave.place)

    async def _take_back(self, wave_id: int, likeness: str, place: str) -> int:
        """Put those who went onto the list before the wave was known among the bounces to review."""
        suspects = await self._chores.rows(waves.SUSPECTS, {"place": place})
        given = waves.like(suspects, likeness)
        if given["ids"]:
            await self._chores.rows(waves.TAKE_BACK, {"wave": wave_id, **given})
        return len(given["ids"])

    async def count_tls(self, counts: Mapping[tls_counts.Session, tls_counts.Counted]) -> None:
        await self._chores.rows(tls_sql.COUNT, tls_sql.counting(counts))

    async def rulings(self) -> list[Ruling]:
        rows = await self._rulings.rows(ruling_sql.IN_FORCE)
        now = self.clock.wall()
        return [ruling_sql.ruling(row, now=now) for row in rows]

    async def budgets(self) -> list[Budget]:
        return [budget_sql.budget(row) for row in await self._rulings.rows(budget_sql.IN_FORCE)]

    async def rule(self, ruling: Ruling) -> None:
        await self._chores.rows(ruling_sql.RULE, ruling_sql.ruled(ruling, name=self._name))

    async def wait_for_rulings(self) -> None:
        await self._news_of(self._rulings, seconds=_RULINGS_SECONDS)

    # --- Shelf (sending/relay/policies.py) ----------------------------------------------------------------------------

    async def policy(self, domain: str) -> tuple[str, bytes, float] | None:
        rows = await self._policies.rows(tls_sql.POLICY, {"domain": domain})
        return (rows[0][0], rows[0][1].encode(), rows[0][2]) if rows else None

    async def keep_policy(self, domain: str, kept: Kept) -> None:
        await self._policies.rows(
            tls_sql.KEEP_POLICY,
            {
                "domain": domain,
                "id": kept.id,
                "text": kept.text.decode(),
                "fetched": kept.fetched,
                "expires": kept.expires,
            },
        )

    # --- the rest of the Journal --------------------------------------------------------------------------------------

    async def leave(self) -> None:
        await self._chores.rows(sql.LEAVE, {"relay": self.relay_id})
        await self._sweep()

    async def wait_for_mail(self) -> bool:
        return sql.AT_ONCE in await self._news_of(self._news, seconds=_LISTEN_SECONDS)

    async def _news_of(self, line: Line, *, seconds: float) -> list[str]:
        """What is said next to one who listens; [] when nothing is said for so long."""
        connection = await line.connection()
        try:
            return [news.payload async for news in connection.notifies(timeout=seconds, stop_after=1)]
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            await line.close()
            raise Unreachable(str(error)) from error
        except asyncio.CancelledError:
            await line.close()
            raise
