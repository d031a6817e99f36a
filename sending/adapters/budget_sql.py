"""Budgets in SQL, as relays read them, with what has left today by the results that are written."""

from psycopg.rows import TupleRow

from sending.relay.budgets import Budget

# The day is the database's. Both halves of the counts have an index of their own; what is not folded is a few seconds' worth.
IN_FORCE = """
WITH today AS (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS began),
counted AS MATERIALIZED (
    SELECT c.source_id, c.provider, sum(c.delivered + c.deferred + c.bounced + c.blocked) AS tried
    FROM (
        SELECT s.* FROM today, (SELECT DISTINCT source_id FROM sending_budget) b
        CROSS JOIN LATERAL (SELECT * FROM sending_sourcecount c
                            WHERE c.folded AND c.source_id = b.source_id AND c.hour >= (SELECT began FROM today)) s
        UNION ALL
        SELECT c.* FROM today, sending_sourcecount c WHERE NOT c.folded AND c.hour >= today.began
    ) c
    GROUP BY 1, 2
)
SELECT b.source_id, b.provider, b.messages, b.an_hour, extract(epoch FROM today.began)::bigint / 86400,
       coalesce((SELECT sum(c.tried) FROM counted c
                 WHERE c.source_id = b.source_id AND (b.provider = '' OR c.provider = b.provider)), 0)::bigint
FROM sending_budget b, today
"""


def budget(row: TupleRow) -> Budget:
    """A row of IN_FORCE."""
    return Budget(*row)
