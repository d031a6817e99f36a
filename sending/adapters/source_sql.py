"""Addresses and pools in SQL, as relays ask for them; and the folding of what each address was answered."""

from collections.abc import Sequence
from typing import Any

from sending.adapters.ledger_sql import LEASE
from sending.enums import AddressState

LOCK_CLASS = 7_308_201  # the first key of the advisory lock on an address; the second is its id
HISTORY = "interval '92 days'"

# A pool without an address that is not retired is as if it were not there: its mail goes the next best way.
POOLS = f"""
SELECT p.id, coalesce(p.organization_id, 0), p.is_default FROM sending_pool p
WHERE EXISTS (SELECT 1 FROM sending_pooladdress a JOIN sending_egressip e ON e.id = a.address_id
              WHERE a.pool_id = p.id AND e.state <> '{AddressState.RETIRED}')
"""


class Pools:
    """Which pool a stream's mail goes by: the stream's, else its organization's default one, else that of the house; 0: none."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._there = {row[0] for row in rows}
        self._default = {row[1]: row[0] for row in rows if row[2]}
        self._shared = self._default.get(0, 0)

    def __bool__(self) -> bool:
        return bool(self._there)

    def of(self, organization_id: int, stream_pool: int) -> int:
        return stream_pool if stream_pool in self._there else self._default.get(organization_id, self._shared)

    def beyond(self, pool_id: int) -> int:
        """By which pool goes what is above the day's budgets of one: the house's, when it is another; 0: it waits."""
        return self._shared if self._shared != pool_id else 0


# --- Whose each address is -------------------------------------------------------------------------------------------

# Whose each is stands in its row, as long as somebody has its lock: that of a relay that was killed is free at once.
IN_USE = f"""
WITH locked AS MATERIALIZED (
    SELECT objid::bigint AS id FROM pg_locks
    WHERE locktype = 'advisory' AND classid = {LOCK_CLASS} AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT CASE WHEN e.id IN (SELECT id FROM locked) THEN e.relay_id END, e.id, host(e.address), e.name, e.proxy, e.proxy_secret,
       coalesce(array_agg(a.pool_id ORDER BY a.pool_id) FILTER (WHERE a.id IS NOT NULL), '{{}}'),
       coalesce(array_agg(a.weight ORDER BY a.pool_id) FILTER (WHERE a.id IS NOT NULL), '{{}}')
FROM sending_egressip e LEFT JOIN sending_pooladdress a ON a.address_id = e.id
WHERE e.state = '{AddressState.ACTIVE}'
GROUP BY e.id ORDER BY e.id
"""

FELLOWS = f"""
SELECT id, facts->'able' FROM sending_relay
WHERE ended_at IS NULL AND beat_at > now() - {LEASE} AND id <> %(relay)s
"""

# The lock is the session's: it ends with it, however that ends.
TAKE = f"""
WITH lock AS MATERIALIZED (SELECT pg_try_advisory_lock({LOCK_CLASS}, %(id)s::int) AS is_ours)
UPDATE sending_egressip e SET relay_id = %(relay)s FROM lock WHERE e.id = %(id)s AND lock.is_ours RETURNING e.id
"""

GIVE_UP = f"""
WITH mine AS (UPDATE sending_egressip SET relay_id = NULL WHERE id = %(id)s AND relay_id = %(relay)s)
SELECT pg_advisory_unlock({LOCK_CLASS}, %(id)s::int)
"""

# --- What each was answered ------------------------------------------------------------------------------------------

_SUMS = ("delivered", "deferred", "bounced", "blocked", "complained")

# One at a time, so that nobody waits for anybody; who reads meanwhile sees all rows before it or all after it.
FOLD = f"""
WITH chosen AS MATERIALIZED (
    SELECT id FROM sending_sourcecount WHERE NOT folded AND pg_try_advisory_xact_lock({LOCK_CLASS}, 0) ORDER BY id LIMIT 20000
),
gone AS (DELETE FROM sending_sourcecount c USING chosen WHERE c.id = chosen.id AND NOT c.folded RETURNING c.*),
sums AS MATERIALIZED (
    SELECT source_id, hour, provider, {", ".join(f"sum({column})::int AS {column}" for column in _SUMS)}
    FROM gone GROUP BY 1, 2, 3
),
kept AS (
    INSERT INTO sending_sourcecount AS c (source_id, hour, provider, {", ".join(_SUMS)}, folded)
    SELECT *, true FROM sums
    ON CONFLICT (source_id, hour, provider) WHERE folded
    DO UPDATE SET {", ".join(f"{column} = c.{column} + excluded.{column}" for column in _SUMS)}
)
UPDATE sending_egressip e SET last_used_at = greatest(e.last_used_at, s.hour)
FROM (SELECT source_id, max(hour) AS hour FROM sums GROUP BY 1) s WHERE e.id = s.source_id
"""

FORGET_COUNTS = f"DELETE FROM sending_sourcecount WHERE folded AND hour < now() - {HISTORY}"
