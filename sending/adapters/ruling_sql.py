"""Rulings in SQL, as relays read and write them. Whoever writes one says so on NEWS_CHANNEL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import TupleRow

from sending.enums import RulingAuthor
from sending.judging import likeness
from sending.relay.rulings import Ruling

NEWS_CHANNEL = "posthouse_rulings"
LONGEST_BY_RELAY = timedelta(days=2)
KEPT = "interval '90 days'"  # after their end, to look into

# Times as seconds from now: what is over is decided by the database's clock, whatever a relay's machine thinks.
IN_FORCE = """
SELECT id, kind, source_id, provider, site, coalesce(organization_id, 0), coalesce(mailing_id, 0), connections, messages,
       per_minute, extract(epoch FROM expires_at - now())::float8, reason, by, cause,
       extract(epoch FROM created_at - now())::float8
FROM sending_ruling WHERE ended_at IS NULL AND expires_at > now() ORDER BY id
"""

# The same once more, by whichever relay, makes it longer, and takes over what it was last ruled for.
RULE = f"""
WITH asked AS (
    SELECT coalesce(nullif(%(organization)s::bigint, 0),
                    (SELECT m.organization_id FROM sending_mailing m WHERE m.id = %(mailing)s)) AS organization_id,
           nullif(%(mailing)s::bigint, 0) AS mailing_id,
           least(%(until)s, now() + %(longest)s) AS expires_at
),
longer AS (
    UPDATE sending_ruling r SET expires_at = greatest(r.expires_at, asked.expires_at), reason = %(why)s, cause = %(cause)s
    FROM asked
    WHERE r.ended_at IS NULL AND r.expires_at > now() AND r.by = '{RulingAuthor.RELAY}' AND r.kind = %(kind)s
      AND r.source_id = %(source)s AND r.provider = %(provider)s AND r.site = %(site)s
      AND r.organization_id IS NOT DISTINCT FROM asked.organization_id
      AND r.mailing_id IS NOT DISTINCT FROM asked.mailing_id
      AND (r.connections, r.messages, r.per_minute) = (%(connections)s, %(messages)s, %(per_minute)s::float8)
    RETURNING r.id
),
new AS (
    INSERT INTO sending_ruling (kind, by, author_name, reason, told, cause, source_id, provider, site, organization_id,
                                mailing_id, connections, messages, per_minute, created_at, expires_at, ended_by_name)
    SELECT %(kind)s, '{RulingAuthor.RELAY}', %(name)s, %(why)s, '', %(cause)s, %(source)s, %(provider)s, %(site)s,
           organization_id, mailing_id, %(connections)s, %(messages)s, %(per_minute)s, now(), expires_at, ''
    FROM asked WHERE expires_at > now() AND NOT EXISTS (SELECT 1 FROM longer)
    RETURNING id
)
SELECT pg_notify('{NEWS_CHANNEL}', '') FROM (SELECT id FROM longer UNION ALL SELECT id FROM new) written LIMIT 1
"""

FORGET_OLD = f"DELETE FROM sending_ruling WHERE least(ended_at, expires_at) < now() - {KEPT}"


def ruling(row: TupleRow, *, now: float) -> Ruling:
    """A row of IN_FORCE, whose columns stand in the order of its fields. `now`: seconds since 1970, when it was read."""
    found = Ruling(*row)
    return replace(found, until=now + found.until, since=now + found.since)


def ruled(given: Ruling, *, name: str) -> dict[str, Any]:
    """What RULE takes. `name`: of the relay that rules so."""
    return {
        "kind": given.kind,
        "name": name[:200],
        "why": likeness.nameless(given.why).replace("\0", " ")[:500],
        "cause": given.cause[:40],
        "source": given.source_id,
        "provider": given.provider[:40],
        "site": given.site[:200],
        "organization": given.organization_id,
        "mailing": given.mailing_id,
        "connections": given.connections,
        "messages": given.messages,
        "per_minute": given.per_minute,
        "until": datetime.fromtimestamp(given.until, UTC),
        "longest": LONGEST_BY_RELAY,
    }
