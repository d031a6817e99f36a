"""What is to be reported, to whom. Call inside of `cross_tenant`: these tables are nobody's."""

from datetime import date

from django.db import connection

from sending.models import TlsCount, TlsReport
from sending.relay.tls_counts import Counted, PolicyType, Result, Session


def unreported(*, since: date, before: date, limit: int) -> list[tuple[date, str]]:
    """Days and domains with sessions that have not been dealt with; any, so that those whose DNS is silent block nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT day, domain FROM (SELECT DISTINCT day, domain FROM sending_tlscount WHERE day >= %s AND day < %s) c
            WHERE NOT EXISTS (SELECT 1 FROM sending_tlsreport r WHERE r.day = c.day AND r.domain = c.domain)
            ORDER BY random() LIMIT %s
            """,
            [since, before, limit],
        )
        return [(day, domain) for day, domain in cursor.fetchall()]


def counts(*, day: date, domain: str) -> list[tuple[Session, Counted]]:
    """How the sessions of a day with a domain went."""
    return [
        (
            Session(day, domain, PolicyType(row.policy), Result(row.result), row.host, row.address, row.source),
            Counted(row.n, row.policy_text, row.why),
        )
        for row in TlsCount.objects.filter(day=day, domain=domain).order_by("id")
    ]


def open_reports(*, limit: int) -> list[TlsReport]:
    """Reports to web servers that have not been taken yet."""
    return list(TlsReport.objects.filter(done_at=None).order_by("id")[:limit])
