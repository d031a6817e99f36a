"""What became of one address's tries, day by day (of UTC): the hourly counts, folded or not, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.db import connection


@dataclass(frozen=True, slots=True)
class SourceDay:
    """One day at one provider. `hours`: in how many of its hours anything was tried."""

    day: date
    provider: str
    delivered: int
    deferred: int
    bounced: int
    blocked: int
    complained: int
    hours: int

    @property
    def tried(self) -> int:
        return self.delivered + self.deferred + self.bounced + self.blocked


def of(*, source_id: int, since: date, together: bool = False) -> Sequence[SourceDay]:
    """From a day on, oldest first. `together`: all providers as one, whose name is ""."""
    provider = "''" if together else "provider"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT (hour AT TIME ZONE 'UTC')::date AS day, {provider} AS place, sum(delivered), sum(deferred), sum(bounced),
                   sum(blocked), sum(complained),
                   count(DISTINCT hour) FILTER (WHERE delivered + deferred + bounced + blocked > 0)
            FROM (
                SELECT * FROM sending_sourcecount WHERE folded AND source_id = %(source)s AND hour >= %(since)s
                UNION ALL
                SELECT * FROM sending_sourcecount WHERE NOT folded AND source_id = %(source)s AND hour >= %(since)s
            ) counted
            GROUP BY 1, 2 ORDER BY 1, 2
            """,
            {"source": source_id, "since": datetime.combine(since, time(), UTC)},
        )
        return [SourceDay(row[0], row[1], *map(int, row[2:])) for row in cursor.fetchall()]
