"""Totals: folds the tallies that the relay, the hits app and the mailroom insert, and rebuilds all from ledger and log.

Policy: a tally is deleted by the statement that adds it up, so it counts exactly once whoever else folds at the same time,
and readers that sum totals and unfolded tallies see every number once at every moment.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from sending.enums import Bucket, DeliveryState, EventKind

BATCH = 5_000

# Rows are locked in one order, so that two folds wait for each other and never deadlock. They are chosen once, into an array:
# as a sub-query, the planner may ask for them anew for each row of a small table, and fold more than a batch.
FOLD = f"""
WITH taken AS (
    DELETE FROM sending_tally WHERE id = ANY(ARRAY(
        SELECT id FROM sending_tally ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
    )) RETURNING organization_id, mailing_id, variant, provider, kind, link, n, at
), timed AS (
    INSERT INTO reputation_totalbytime AS t (organization_id, mailing_id, kind, at, n)
    SELECT organization_id, mailing_id, kind, date_bin('15 minutes', at, 'epoch'), sum(n) FROM taken
    WHERE kind IN ({EventKind.FIRST_OPENED:d}, {EventKind.FIRST_CLICKED:d}) AND link = -1 GROUP BY 1, 2, 3, 4 ORDER BY 2, 3, 4
    ON CONFLICT (mailing_id, kind, at) DO UPDATE SET n = t.n + excluded.n
), summed AS (
    SELECT organization_id, mailing_id, variant, provider, kind, link, sum(n) AS n FROM taken
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2, 5, 4, 3, 6
), added AS (
    INSERT INTO reputation_total AS t (organization_id, mailing_id, variant, provider, kind, link, n)
    SELECT * FROM summed
    ON CONFLICT (mailing_id, kind, provider, variant, link) DO UPDATE SET n = t.n + excluded.n
)
SELECT count(*) FROM taken
"""

BUCKET_OF_ROW = f"""
CASE WHEN d.state IN ({DeliveryState.QUEUED:d}, {DeliveryState.SENDING:d})
          THEN CASE WHEN d.attempts > 0 THEN {Bucket.RETRYING:d} ELSE {Bucket.ON_ITS_WAY:d} END
     WHEN d.state = {DeliveryState.DEFERRED:d} THEN {Bucket.RETRYING:d}
     WHEN d.state = {DeliveryState.DELIVERED:d} THEN {Bucket.DELIVERED:d}
     WHEN d.state = {DeliveryState.BOUNCED:d} THEN {Bucket.BOUNCED:d}
     WHEN d.state = {DeliveryState.EXPIRED:d} THEN {Bucket.EXPIRED:d}
     WHEN d.state = {DeliveryState.SUPPRESSED:d} THEN {Bucket.SUPPRESSED:d}
     WHEN d.state = {DeliveryState.CANCELLED:d} THEN {Bucket.CANCELLED:d}
     WHEN d.state = {DeliveryState.FAILED:d} THEN {Bucket.FAILED:d}
     WHEN d.state = {DeliveryState.HANDED_OVER:d} THEN {Bucket.HANDED_OVER:d}
     ELSE {Bucket.IN_DOUBT:d} END
"""  # the same as sending.enums.bucket_of; a test holds them together

# What the ledger, the log and the engagement say. First opens and clicks come from engagement: they are facts of a
# message, and the log would not tell which of two hits at the same moment was counted.
TRUE_TOTALS = f"""
SELECT organization_id, mailing_id, variant, provider, kind, link, count(*) AS n FROM (
    SELECT d.organization_id, d.mailing_id, d.variant, d.provider, {BUCKET_OF_ROW} AS kind, -1 AS link
    FROM sending_delivery d
  UNION ALL
    SELECT organization_id, mailing_id, variant, provider, kind, link FROM sending_event
  UNION ALL
    SELECT e.organization_id, e.mailing_id, d.variant, d.provider, first.kind, first.link
    FROM sending_engagement e JOIN sending_delivery d ON d.id = e.delivery_id
    CROSS JOIN LATERAL (
        SELECT {EventKind.FIRST_OPENED:d} AS kind, -1 AS link WHERE e.opened_at IS NOT NULL
      UNION ALL
        SELECT {EventKind.FIRST_OPENED_MACHINE:d}, -1
        WHERE e.machine_opened_at IS NOT NULL AND (e.opened_at IS NULL OR e.machine_opened_at < e.opened_at)
      UNION ALL
        SELECT {EventKind.FIRST_CLICKED:d}, -1 WHERE e.clicked_at IS NOT NULL
      UNION ALL
        SELECT {EventKind.FIRST_CLICKED:d}, l.value::int FROM jsonb_array_elements_text(e.links) l
    ) first
) x GROUP BY 1, 2, 3, 4, 5, 6
"""

TRUE_TIMES = f"""
SELECT organization_id, mailing_id, kind, date_bin('15 minutes', at, 'epoch') AS at, count(*) AS n FROM (
    SELECT organization_id, mailing_id, {EventKind.FIRST_OPENED:d} AS kind, opened_at AS at
    FROM sending_engagement WHERE opened_at IS NOT NULL
  UNION ALL
    SELECT organization_id, mailing_id, {EventKind.FIRST_CLICKED:d}, clicked_at
    FROM sending_engagement WHERE clicked_at IS NOT NULL
) x GROUP BY 1, 2, 3, 4
"""

COUNTED = """
SELECT organization_id, mailing_id, variant, provider, kind, link, sum(n)::bigint AS n FROM (
    SELECT organization_id, mailing_id, variant, provider, kind, link, n FROM reputation_total
  UNION ALL
    SELECT organization_id, mailing_id, variant, provider, kind, link, n FROM sending_tally
) x GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0
"""

DIFFERENCES = f"""
SELECT mailing_id, kind, provider, variant, link, coalesce(c.n, 0), coalesce(t.n, 0)
FROM ({COUNTED}) c FULL JOIN ({TRUE_TOTALS}) t USING (organization_id, mailing_id, variant, provider, kind, link)
WHERE coalesce(c.n, 0) <> coalesce(t.n, 0)
ORDER BY 1, 2, 3, 4, 5 LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that does not agree: what totals and tallies say, and what ledger and log say."""

    mailing_id: int
    kind: int
    provider: str
    variant: int
    link: int
    counted: int
    true: int


def fold(*, batch: int = BATCH) -> int:
    """Add up to `batch` tallies to the totals; how many. One transaction; call inside of cross_tenant."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"batch": batch})
        return int(cursor.fetchone()[0])


def differences(*, limit: int = 100) -> list[Difference]:
    """Where totals and tallies do not agree with ledger and log. One snapshot, so it may run during a send."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, {"limit": limit})
        return [Difference(*row) for row in cursor.fetchall()]


@transaction.atomic
def rebuild() -> int:
    """Make all totals anew from ledger and log, and drop the tallies; how many totals. Call inside of cross_tenant.

    Writers of tallies wait for the lock until this commits, so what they wrote to the ledger is not seen here and their
    tallies are counted later; whoever committed before is seen whole. Readers do not wait.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE sending_tally IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM sending_tally")
        cursor.execute("DELETE FROM reputation_total")
        cursor.execute(
            "INSERT INTO reputation_total (organization_id, mailing_id, variant, provider, kind, link, n) "
            + TRUE_TOTALS
        )
        made = int(cursor.rowcount)
        cursor.execute("DELETE FROM reputation_totalbytime")
        cursor.execute("INSERT INTO reputation_totalbytime (organization_id, mailing_id, kind, at, n) " + TRUE_TIMES)
        return made
