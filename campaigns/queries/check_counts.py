"""The counts that the checklist wants of an audience: few statements over everybody, each with a time of its own.

What takes too long is not counted (None): the checks then say that they do not know, and the page is there all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.preflight.facts import Load
from campaigns.queries import follow_ups
from contacts.segments import providers
from contacts.segments.sql import Sql
from sending.enums import DeliveryState, StreamKind
from sending.models import Mailing
from sending.relay import sites

SECONDS = 6.0
SECONDS_MORE = 3.0  # for what is only good to know
LATELY_DAYS = 3
UNKNOWN_LANGUAGE = ""

_GOT = ", ".join(
    f"{state:d}"
    for state in DeliveryState
    if state not in (DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.FAILED)
)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody (`people`), those who are skipped by reason, those who get it by language, how many of these have nothing in
    each field that was asked about (`gaps`), and what each mailbox provider gets.
    """

    people: int
    reasons: dict[str, int] = field(default_factory=dict)
    languages: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, int] = field(default_factory=dict)
    loads: tuple[Load, ...] = ()

    @property
    def skipped(self) -> int:
        return sum(self.reasons.values())


def people(chosen: Sql, fields: Sequence[str]) -> People | None:
    """All that is said of the people themselves, in one statement."""
    names = sorted(fields)
    gaps = ", ".join(
        f"count(*) FILTER (WHERE coalesce(btrim(c.values ->> %s), '') = '') AS gap{n}" for n in range(len(names))
    )
    sums = "".join(f", sum(gap{n})::bigint" for n in range(len(names)))
    provider, known = _by_provider("SELECT domain, sum(n)::bigint AS n FROM counted WHERE reason IS NULL GROUP BY 1")
    rows = in_time(
        f"""
        WITH counted AS MATERIALIZED (
            SELECT a.reason, coalesce(nullif(own.language, ''), c.locale, '') AS language, a.domain,
                   {", ".join(filter(None, ["count(*) AS n", gaps]))}
            FROM ({chosen.text}) a
            JOIN contacts_contact c ON c.id = a.contact_id
            LEFT JOIN contacts_preference own ON own.contact_id = c.id
            GROUP BY 1, 2, 3
        )
        SELECT false, reason, language, sum(n)::bigint, 0::bigint{sums} FROM counted GROUP BY reason, language
        UNION ALL SELECT true, provider, '', together, largest{", 0::bigint" * len(names)} FROM ({provider}) each
        """,
        [*names, *chosen.params, *known],
    )
    if rows is None:
        return None
    loads = _loads([(name, together, largest) for is_load, name, _, together, largest, *_ in rows if is_load])
    rows = [row[1:] for row in rows if not row[0]]
    found = People(sum(row[2] for row in rows), gaps=dict.fromkeys(names, 0), loads=loads)
    for reason, language, count, _, *missing in rows:
        if reason is not None:
            found.reasons[reason] = found.reasons.get(reason, 0) + count
            continue
        found.languages[language] = found.languages.get(language, 0) + count
        for name, n in zip(names, missing, strict=True):
            found.gaps[name] += n
    found.languages.pop(UNKNOWN_LANGUAGE, None)
    return found


def lately(campaign: Campaign, chosen: Sql, days: int = LATELY_DAYS) -> int | None:
    """How many of those who get it got (or are about to get) another campaign in the last days. What this one repeats or
    corrects does not count."""
    others = list(
        Mailing.objects.filter(
            organization=campaign.organization,
            stream__kind=StreamKind.MARKETING,
            sealed_at__gt=timezone.now() - timedelta(days=days),
        )
        .exclude(pk__in=[*follow_ups.mailings_before(campaign), *filter(None, [campaign.mailing_id])])
        .values_list("pk", flat=True)
    )
    if not others:
        return 0
    rows = in_time(
        f"""
        SELECT count(*) FROM ({chosen.text}) a WHERE a.reason IS NULL AND a.contact_id IN (
            SELECT d.contact_id FROM sending_delivery d WHERE d.mailing_id = ANY(%s) AND d.state IN ({_GOT}))
        """,
        [*chosen.params, others],
        seconds=SECONDS_MORE,
    )
    return None if rows is None else int(rows[0][0])


def waiting(mailing_id: int) -> tuple[Load, ...] | None:
    """What each mailbox provider still gets of a send, by its lanes: nothing of what has ended is read."""
    statement, known = _by_provider(f"""
        SELECT l.domain, sum(each.n)::bigint AS n FROM sending_lane l
        CROSS JOIN LATERAL (SELECT count(*) AS n FROM sending_delivery d
                            WHERE d.lane_id = l.id AND d.state IN ({DeliveryState.QUEUED:d}, {DeliveryState.DEFERRED:d})) each
        WHERE l.mailing_id = %s AND l.open GROUP BY 1
    """)
    rows = in_time(statement, [mailing_id, *known], seconds=SECONDS_MORE)
    return None if rows is None else _loads(rows)


def _by_provider(by_domain: str) -> tuple[str, list[Any]]:
    """SQL of provider, `together` and the `largest` domain, and the parameters that come after its own. `by_domain`: SQL of domain
    and n. What the relay has learned of a domain goes before what is well known of it.
    """
    known = [(domain, name) for name, domains in providers.well_known().items() for domain in domains]
    return (
        f"""
        SELECT provider, sum(n)::bigint AS together, max(n)::bigint AS largest FROM (
            SELECT coalesce(p.provider, known.provider, '') AS provider, each.n
            FROM ({by_domain}) each LEFT JOIN sending_domainprovider p ON p.domain = each.domain
            LEFT JOIN unnest(%s::text[], %s::text[]) known (domain, provider) ON known.domain = each.domain
        ) named GROUP BY 1
        """,
        [[domain for domain, _ in known], [name for _, name in known]],
    )


def _loads(rows: Sequence[tuple[str, int, int]]) -> tuple[Load, ...]:
    """Rows of `_by_provider`. Domains of which no provider is known are sites of their own: the largest counts."""
    directory = sites.directory()
    connections = {provider.name: provider.manners.connections for provider in directory.providers}
    found, largest, others = [], 0, 0
    for name, together, most in rows:
        if name in connections:
            found.append(Load(provider=name, people=together, connections=connections[name]))
        else:
            largest, others = max(largest, most), others + together
    if others:
        default = directory.default.connections
        found.append(Load(provider=sites.OTHER, people=largest, connections=default, together=others, is_known=False))
    return tuple(sorted(found, key=lambda load: -load.people))


def in_time(statement: str, params: Sequence[Any], *, seconds: float = SECONDS) -> list[Any] | None:
    """The rows; None when it takes longer."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
            cursor.execute(statement, params)
            rows = cursor.fetchall()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
            return rows
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":  # query_canceled
            raise
        return None
