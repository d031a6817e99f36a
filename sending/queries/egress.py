"""Our addresses as people look at them: state, name, pools, whose they are now, what they were answered lately and over time.

Operators look inside of cross_tenant and see all; an organization's members see those that are dedicated to it (the wall).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from sending.enums import AddressState, NameFinding, StreamKind
from sending.queries.relays import SILENT_AFTER

SPANS = {1: timedelta(hours=1), 7: timedelta(hours=6), 30: timedelta(days=1)}  # days looked at -> length of a row


@dataclass(frozen=True, slots=True)
class Counts:
    """Tries by what came of them. `complained`: spam reports about what was delivered."""

    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    blocked: int = 0
    complained: int = 0

    @property
    def tried(self) -> int:
        return self.delivered + self.deferred + self.bounced + self.blocked


@dataclass(frozen=True, slots=True)
class Address:
    """`relay`: the name of the living relay that has it, or "". `pools`: (name, organization's name or "", weight).

    `proxy`: where it goes through, without the password; operators only. `lately`: of the last 24 hours.
    """

    id: int
    address: str
    name: str
    state: AddressState
    why: str
    finding: NameFinding
    found_names: str
    checked_at: datetime | None
    last_used_at: datetime | None
    relay: str
    proxy: str
    pools: tuple[tuple[str, str, int], ...]
    lately: Counts

    @property
    def is_idle(self) -> bool:
        """In use, and no relay has it."""
        return self.state == AddressState.ACTIVE and not self.relay


@dataclass(frozen=True, slots=True)
class Moment:
    """A row of a timeline."""

    since: datetime
    until: datetime
    counts: Counts

    @property
    def per_hour(self) -> float:
        """Messages that were delivered."""
        return self.counts.delivered / max(1.0, (self.until - self.since).total_seconds() / 3600)


_COUNTS = """(SELECT * FROM sending_sourcecount WHERE folded AND hour >= %(since)s {which}
              UNION ALL SELECT * FROM sending_sourcecount WHERE NOT folded AND hour >= %(since)s {which}) c"""
_SUMS = "sum(c.delivered), sum(c.deferred), sum(c.bounced), sum(c.blocked), sum(c.complained)"


def addresses(*, with_proxies: bool = False, id_: int | None = None) -> list[Address]:
    """Those that may be seen, in the order of their addresses; those that are out of use last."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT e.id, host(e.address), e.name, e.state, e.why, e.finding, e.found_names, e.checked_at, e.last_used_at,
                   coalesce(r.name, ''), {"e.proxy" if with_proxies else "''"},
                   coalesce((SELECT array_agg(ARRAY[p.name, coalesce(o.name, ''), a.weight::text] ORDER BY p.name)
                    FROM sending_pooladdress a JOIN sending_pool p ON p.id = a.pool_id
                    LEFT JOIN accounts_organization o ON o.id = p.organization_id WHERE a.address_id = e.id), '{{}}'),
                   lately.*
            FROM sending_egressip e
            LEFT JOIN sending_relay r ON r.id = e.relay_id AND r.ended_at IS NULL
                AND r.beat_at > now() - make_interval(secs => %(silent)s)
            LEFT JOIN LATERAL (SELECT {_SUMS} FROM {_COUNTS.format(which="AND source_id = e.id")}) lately ON true
            WHERE %(id)s::bigint IS NULL OR e.id = %(id)s
            ORDER BY e.state = '{AddressState.RETIRED}', family(e.address), e.address
            """,
            {"silent": SILENT_AFTER.total_seconds(), "since": timezone.now() - timedelta(hours=24), "id": id_},
        )
        return [
            Address(
                id=row[0],
                address=row[1],
                name=row[2],
                state=AddressState(row[3]),
                why=row[4],
                finding=NameFinding(row[5]),
                found_names=row[6],
                checked_at=row[7],
                last_used_at=row[8],
                relay=row[9],
                proxy=row[10],
                pools=tuple((pool, owner, int(weight)) for pool, owner, weight in row[11]),
                lately=_counts(row[12:]),
            )
            for row in cursor.fetchall()
        ]


def address(text: str, *, with_proxies: bool = False) -> Address | None:
    """One of them, by the address as it is written in one spelling; None when there is none that may be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM sending_egressip WHERE address = %s::inet", [text])
        row = cursor.fetchone()
    return addresses(with_proxies=with_proxies, id_=row[0])[0] if row else None


@dataclass(frozen=True, slots=True)
class PoolSeen:
    """`owner`: an organization's name, "" for the house. `streams`: (organization's name, kind) of those that name it.
    `is_stranded`: it has addresses, and no living relay has any of them, so what goes by it waits.
    """

    name: str
    owner: str
    is_default: bool
    addresses: tuple[tuple[str, int], ...]
    streams: tuple[tuple[str, str], ...]
    is_stranded: bool


def pools() -> list[PoolSeen]:
    """All of them, the house's first. Inside of cross_tenant."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.name, coalesce(o.name, ''), p.is_default,
                   coalesce((SELECT array_agg(ARRAY[host(e.address), a.weight::text] ORDER BY e.address)
                    FROM sending_pooladdress a JOIN sending_egressip e ON e.id = a.address_id WHERE a.pool_id = p.id), '{}'),
                   coalesce((SELECT array_agg(ARRAY[w.name, s.kind] ORDER BY w.name, s.kind)
                    FROM sending_stream s JOIN accounts_organization w ON w.id = s.organization_id WHERE s.pool_id = p.id), '{}'),
                   (SELECT NOT bool_or(e.state = 'active' AND r.id IS NOT NULL)
                    FROM sending_pooladdress a JOIN sending_egressip e ON e.id = a.address_id
                    LEFT JOIN sending_relay r ON r.id = e.relay_id AND r.ended_at IS NULL
                        AND r.beat_at > now() - make_interval(secs => %(silent)s)
                    WHERE a.pool_id = p.id AND e.state <> 'retired')
            FROM sending_pool p LEFT JOIN accounts_organization o ON o.id = p.organization_id
            ORDER BY o.name NULLS FIRST, p.name
            """,
            {"silent": SILENT_AFTER.total_seconds()},
        )
        return [
            PoolSeen(
                name,
                owner,
                is_default,
                tuple((address, int(weight)) for address, weight in places),
                tuple((whose, str(StreamKind(kind).label)) for whose, kind in streams),
                bool(is_stranded),
            )
            for name, owner, is_default, places, streams, is_stranded in cursor.fetchall()
        ]


def timeline(*, source_id: int, days: int) -> list[Moment]:
    """The last days in rows of SPANS[days], the newest first; rows in which nothing was tried are there too."""
    length = SPANS[days]
    now = timezone.now()
    seconds = length.total_seconds()
    last = datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)
    first = last - timedelta(days=days) + length
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT floor(extract(epoch FROM c.hour) / %(seconds)s)::bigint, {_SUMS}
            FROM {_COUNTS.format(which="AND source_id = %(source)s")} GROUP BY 1
            """,
            {"since": first, "source": source_id, "seconds": seconds},
        )
        found = {row[0]: _counts(row[1:]) for row in cursor.fetchall()}
    moments = []
    begin = last
    while begin >= first:
        counts = found.get(int(begin.timestamp() // seconds), Counts())
        moments.append(Moment(begin, min(begin + length, now), counts))
        begin -= length
    return moments


def by_provider(*, source_id: int, days: int) -> list[tuple[str, Counts]]:
    """What each mailbox provider answered it, most tries first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT c.provider, {_SUMS} FROM {_COUNTS.format(which="AND source_id = %(source)s")}
            GROUP BY 1 ORDER BY sum(c.delivered + c.deferred + c.bounced + c.blocked) DESC, 1 LIMIT 50
            """,
            {"since": timezone.now() - timedelta(days=days), "source": source_id},
        )
        return [(row[0], _counts(row[1:])) for row in cursor.fetchall()]


def _counts(row: Sequence[int | None]) -> Counts:
    return Counts(*(int(number or 0) for number in row))
