"""Opens and clicks over tables: where a link leads, and a batch of hits written in one transaction as the daemons' role.

A batch is: read the messages, judge each hit, mark who opened or clicked first, append events, count. Trap: rows of
engagement are locked in the order of their ids, so that two hits processes never deadlock.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sending.adapters.evidence import ARRIVED
from sending.enums import ERASED_PREFIX, DeliveryState, EventKind
from sending.tracking import people_or_machines as judging
from sending.tracking.bursts import Bursts
from sending.tracking.people_or_machines import Verdict, Who

MAX_AGENT_CHARS = 300
TIMES = ("opened_at", "machine_opened_at", "clicked_at", "machine_clicked_at")
KEY = ("organization_id", "mailing_id", "variant", "provider", "kind", "link", "n")
ON_ITS_WAY = (DeliveryState.QUEUED, DeliveryState.SENDING)

DESTINATION = """
SELECT coalesce(c.url, l.links ->> %(link)s::int) FROM sending_mailing m
LEFT JOIN sending_delivery d ON d.id = %(delivery)s AND d.mailing_id = m.id
LEFT JOIN sending_mailingvariant v ON v.mailing_id = m.id AND v.variant = d.variant AND d.variant > 0
JOIN sending_letter l ON l.id = coalesce(v.letter_id, m.letter_id)
LEFT JOIN sending_linkchange c ON c.mailing_id = m.id AND c.ended_at IS NULL AND c.was = l.links ->> %(link)s::int
WHERE m.id = %(mailing)s AND (d.id IS NOT NULL OR %(delivery)s = 0)
"""

MESSAGES = """
SELECT d.id, d.organization_id, d.mailing_id, d.contact_id, d.variant, d.provider, d.state, d.changed_at,
       coalesce(jsonb_array_length(l.links), 0) AS links, starts_with(d.address, %(erased)s) AS is_erased
FROM sending_delivery d JOIN sending_mailing m ON m.id = d.mailing_id
LEFT JOIN sending_mailingvariant v ON v.mailing_id = m.id AND v.variant = d.variant AND d.variant > 0
LEFT JOIN sending_letter l ON l.id = coalesce(v.letter_id, m.letter_id)
WHERE d.id = ANY(%(ids)s)
"""

BEGIN_ENGAGEMENT = """
INSERT INTO sending_engagement (delivery_id, organization_id, mailing_id, contact_id, links)
SELECT id, organization_id, mailing_id, contact_id, '[]' FROM sending_delivery WHERE id = ANY(%(ids)s) ORDER BY id
ON CONFLICT (delivery_id) DO NOTHING
"""

ENGAGEMENT = """
SELECT delivery_id, opened_at, machine_opened_at, clicked_at, machine_clicked_at, links
FROM sending_engagement WHERE delivery_id = ANY(%(ids)s) ORDER BY delivery_id FOR UPDATE
"""

# One statement for all rows of a batch, which come as one JSON value.
MARK = """
UPDATE sending_engagement e SET opened_at = r.opened_at, machine_opened_at = r.machine_opened_at,
    clicked_at = r.clicked_at, machine_clicked_at = r.machine_clicked_at, links = r.links
FROM jsonb_to_recordset(%(rows)s) AS r(delivery_id bigint, opened_at timestamptz, machine_opened_at timestamptz,
    clicked_at timestamptz, machine_clicked_at timestamptz, links jsonb)
WHERE e.delivery_id = r.delivery_id
"""

EVENT = """
INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, variant, link, provider, facts)
SELECT at, organization_id, mailing_id, delivery_id, kind, variant, link, provider, facts
FROM jsonb_to_recordset(%(rows)s) AS r(at timestamptz, organization_id bigint, mailing_id bigint, delivery_id bigint,
    kind smallint, variant smallint, link smallint, provider text, facts jsonb)
"""

COUNT = """
INSERT INTO sending_tally (organization_id, mailing_id, variant, provider, kind, link, n, at)
SELECT organization_id, mailing_id, variant, provider, kind, link, n, now()
FROM jsonb_to_recordset(%(rows)s) AS r(organization_id bigint, mailing_id bigint, variant smallint, provider text,
    kind smallint, link smallint, n integer)
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One request for a pixel (`link` None) or a link, as it came in."""

    delivery_id: int
    mailing_id: int
    link: int | None
    at: datetime
    user_agent: str = ""
    referrer: str = ""
    purpose: str = ""
    ip: str | None = None


@dataclass(slots=True)
class _Mark:
    """A row of engagement, as it was and as it becomes."""

    delivery_id: int
    opened_at: datetime | None
    machine_opened_at: datetime | None
    clicked_at: datetime | None
    machine_clicked_at: datetime | None
    links: list[int]
    changed: bool = False
    counts: Counter[tuple[EventKind, int]] = field(default_factory=Counter)

    def note(self, hit: Hit, who: Who) -> None:
        """Take one hit in; `counts` gets what it adds to the numbers of people."""
        if who is Who.UNKNOWN:
            return
        human = who is Who.HUMAN
        if hit.link is None:
            if human and self.opened_at is None:
                self.opened_at, self.changed = hit.at, True
                self.counts[EventKind.FIRST_OPENED, -1] += 1
                if self.machine_opened_at is not None and self.machine_opened_at >= hit.at:  # it came in late
                    self.counts[EventKind.FIRST_OPENED_MACHINE, -1] -= 1
            elif not human and self.machine_opened_at is None:
                self.machine_opened_at, self.changed = hit.at, True
                if self.opened_at is None or hit.at < self.opened_at:
                    self.counts[EventKind.FIRST_OPENED_MACHINE, -1] += 1
            return
        if not human:
            if self.machine_clicked_at is None:
                self.machine_clicked_at, self.changed = hit.at, True
            return
        if self.clicked_at is None:
            self.clicked_at, self.changed = hit.at, True
            self.counts[EventKind.FIRST_CLICKED, -1] += 1
        if hit.link not in self.links:
            self.links, self.changed = [*self.links, hit.link], True
            self.counts[EventKind.FIRST_CLICKED, hit.link] += 1

    def take_back(self, at: datetime) -> None:
        """The first clicks of a burst looked human; now that we know, they were not."""
        if self.clicked_at is None or at - self.clicked_at > timedelta(seconds=judging.BURST_SECONDS):
            return
        self.counts[EventKind.FIRST_CLICKED, -1] -= 1
        for link in self.links:
            self.counts[EventKind.FIRST_CLICKED, link] -= 1
        self.clicked_at, self.links, self.changed = None, [], True


def is_passing(error: Exception) -> bool:
    """Whether the same batch may succeed later: the database is away or busy."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | OSError)


class HitLog:
    """The hits app's view of the tables."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]]) -> None:
        self._pool = pool
        self._bursts = Bursts()

    async def destination(self, *, delivery_id: int, mailing_id: int, link: int) -> str | None:
        """Where a link leads: as in the content that was sent, or where it was led since; None when there is no such link.
        `delivery_id` 0: a test."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                DESTINATION, {"delivery": delivery_id, "mailing": mailing_id, "link": min(link, 2**31 - 1)}
            )
            row = await cursor.fetchone()
        return row[0] if row else None

    async def write(self, hits: Sequence[Hit]) -> None:
        """Judge and commit a batch. Hits on messages that are not in the ledger are passed over."""
        hits = sorted(hits, key=lambda hit: hit.at)
        ids = sorted({hit.delivery_id for hit in hits})
        async with self._pool.connection() as connection, connection.transaction():
            cursor: Any = connection.cursor(row_factory=namedtuple_row)
            await cursor.execute(MESSAGES, {"ids": ids, "erased": ERASED_PREFIX})
            messages: dict[int, Any] = {row.id: row async for row in cursor}
            judged = [
                (hit, messages[hit.delivery_id], self._judge(hit, messages[hit.delivery_id]))
                for hit in hits
                if hit.delivery_id in messages and messages[hit.delivery_id].mailing_id == hit.mailing_id
            ]
            if not judged:
                return
            arrived = sorted({hit.delivery_id for hit, message, verdict in judged if _proves_arrival(message, verdict)})
            if arrived:
                await cursor.execute(ARRIVED, {"ids": arrived})
            marks = await self._marks(cursor, sorted({hit.delivery_id for hit, _, _ in judged}))
            counts: Counter[tuple[Any, ...]] = Counter()
            for hit, message, verdict in judged:
                mark = marks[hit.delivery_id]
                if "burst" in verdict.rules:
                    mark.take_back(hit.at)
                # Before the answer of their server it is nobody's first open, and the provider to count it for is not known.
                if message.state not in ON_ITS_WAY:
                    mark.note(hit, verdict.who)
                counts[_key(message, _kind(hit, verdict), -1 if hit.link is None else hit.link)] += 1
            for mark in marks.values():
                for (kind, link), n in mark.counts.items():
                    counts[_key(messages[mark.delivery_id], kind, link)] += n
            await cursor.execute(EVENT, {"rows": Jsonb([_event(*one) for one in judged])})
            if changed := [_columns(mark) for mark in marks.values() if mark.changed]:
                await cursor.execute(MARK, {"rows": Jsonb(changed)})
            if rows := [dict(zip(KEY, (*key, n), strict=True)) for key, n in counts.items() if n]:
                await cursor.execute(COUNT, {"rows": Jsonb(rows)})

    def _judge(self, hit: Hit, message: Any) -> Verdict:
        at_once = 1
        if hit.link is not None:
            at_once = self._bursts.seen(delivery_id=hit.delivery_id, link=hit.link, at=hit.at.timestamp())
        delivered = message.state == DeliveryState.DELIVERED
        return judging.judge(
            judging.Request(
                is_click=hit.link is not None,
                user_agent=hit.user_agent,
                referrer=hit.referrer,
                purpose=hit.purpose,
                since_delivered=(hit.at - message.changed_at).total_seconds() if delivered else None,
                on_its_way=message.state in ON_ITS_WAY,
                links_at_once=at_once,
                links_in_all=message.links,
            )
        )

    async def _marks(self, cursor: Any, ids: list[int]) -> dict[int, _Mark]:
        await cursor.execute(BEGIN_ENGAGEMENT, {"ids": ids})
        await cursor.execute(ENGAGEMENT, {"ids": ids})
        return {row.delivery_id: _Mark(*row) for row in await cursor.fetchall()}


def _proves_arrival(message: Any, verdict: Verdict) -> bool:
    # A gateway that scans while it still may refuse proves nothing; a privacy proxy loads what lies in the mailbox.
    in_mailbox = verdict.who is not Who.MACHINE or "apple_privacy" in verdict.rules
    return bool(message.state in (DeliveryState.IN_DOUBT, DeliveryState.HANDED_OVER) and in_mailbox)


def _kind(hit: Hit, verdict: Verdict) -> EventKind:
    machine = verdict.who is Who.MACHINE
    if hit.link is None:
        return EventKind.OPENED_MACHINE if machine else EventKind.OPENED
    return EventKind.CLICKED_MACHINE if machine else EventKind.CLICKED


def _key(message: Any, kind: EventKind, link: int) -> tuple[Any, ...]:
    return (message.organization_id, message.mailing_id, message.variant, message.provider, int(kind), link)


def _event(hit: Hit, message: Any, verdict: Verdict) -> dict[str, Any]:
    facts: dict[str, Any] = {"class": verdict.who.value, "rules": list(verdict.rules)}
    if not message.is_erased:  # who is forgotten and opens an old mail stays forgotten
        facts["ua"] = _clean(hit.user_agent)
        if hit.ip:
            facts["ip"] = hit.ip
    return {
        "at": hit.at.isoformat(),
        "organization_id": message.organization_id,
        "mailing_id": message.mailing_id,
        "delivery_id": message.id,
        "kind": int(_kind(hit, verdict)),
        "variant": message.variant,
        "link": -1 if hit.link is None else hit.link,
        "provider": message.provider,
        "facts": facts,
    }


def _columns(mark: _Mark) -> dict[str, Any]:
    times = {name: getattr(mark, name) for name in TIMES}
    return {
        "delivery_id": mark.delivery_id,
        "links": mark.links,
        **{name: at.isoformat() if at is not None else None for name, at in times.items()},
    }


def _clean(text: str) -> str:
    """Header text for JSON: no control characters, no half surrogates, not endless."""
    return "".join(c for c in text[:MAX_AGENT_CHARS] if c.isprintable() and not "\ud800" <= c <= "\udfff")
