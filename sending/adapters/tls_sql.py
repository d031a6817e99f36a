"""What the relays have learned of other domains' transport security, in SQL: policies and counts of sessions."""

from collections.abc import Mapping
from typing import Any

from sending.relay.tls_counts import Counted, Session

COUNT = """
INSERT INTO sending_tlscount (day, domain, policy, result, host, address, source, policy_text, why, n)
SELECT * FROM unnest(%(days)s::date[], %(domains)s::text[], %(policies)s::text[], %(results)s::text[], %(hosts)s::text[],
                     %(addresses)s::text[], %(sources)s::text[], %(texts)s::text[], %(whys)s::text[], %(ns)s::bigint[])
ON CONFLICT (day, domain, policy, result, host, address, source) DO UPDATE
    SET n = sending_tlscount.n + excluded.n, policy_text = excluded.policy_text, why = excluded.why
"""

POLICY = """
SELECT policy_id, text, extract(epoch FROM fetched_at)::float8 FROM sending_stspolicy
WHERE domain = %(domain)s AND expires_at > now()
"""

KEEP_POLICY = """
INSERT INTO sending_stspolicy (domain, policy_id, text, fetched_at, expires_at)
VALUES (%(domain)s, %(id)s, %(text)s, to_timestamp(%(fetched)s), to_timestamp(%(expires)s))
ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, text = excluded.text, fetched_at = excluded.fetched_at,
    expires_at = excluded.expires_at
WHERE sending_stspolicy.fetched_at <= excluded.fetched_at
"""


def counting(counts: Mapping[Session, Counted]) -> dict[str, list[Any]]:
    """What COUNT takes: in one order for all relays, so that none waits for another crosswise."""
    rows = sorted(counts.items(), key=lambda row: (row[0].day, *map(str, _key(row[0]))))
    return {
        "days": [session.day for session, _ in rows],
        "domains": [session.domain[:253] for session, _ in rows],
        "policies": [str(session.policy) for session, _ in rows],
        "results": [str(session.result) for session, _ in rows],
        "hosts": [session.host[:253] for session, _ in rows],
        "addresses": [session.address for session, _ in rows],
        "sources": [session.source for session, _ in rows],
        "texts": [counted.policy_text for _, counted in rows],
        "whys": [_plain(counted.why) for _, counted in rows],
        "ns": [counted.n for _, counted in rows],
    }


def _key(session: Session) -> tuple[str, ...]:
    return (session.domain, session.policy, session.result, session.host, session.address, session.source)


def _plain(text: str) -> str:
    """A stranger's words as PostgreSQL takes them."""
    return text.replace("\0", " ")[:200]
