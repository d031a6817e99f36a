"""The SQL of imports: staging by COPY, the plan, and applying a range of lines. Each function is part of a transaction.

Trap: COPY cannot write into a table under row-level security, so rows are copied into a temporary table first and moved
by one INSERT. And the statistics know nothing of rows that are a second old: nested loops are switched off for the plan.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from contacts.enums import ConsentAction, ConsentSource, RowVerdict, SubscriptionState
from contacts.importing.judging import Bad, Person

_COLUMNS = 'line, address, address_key, domain, locale, "values", verdict, problem, raw'
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": ""})


@dataclass(frozen=True, slots=True)
class Joining:
    """What an import says about consent, for every person whom it subscribes."""

    topic_ids: Sequence[int]
    wording: str
    at: datetime
    about: str
    actor_id: int | None


def stage(organization_id: int, import_id: int, rows: Iterable[Person | Bad]) -> int:
    """Copy judged rows into the import's rows; how many. Until the plan, everybody who is not bad counts as new."""
    staged = 0
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE staged_row (line bigint, address text, address_key text, domain text, locale text,
               "values" jsonb, verdict smallint, problem text, raw text) ON COMMIT DROP"""
        )
        good = f"\t{RowVerdict.NEW:d}\t\t\n"
        bad = f"\t\t\t\t\t{{}}\t{RowVerdict.INVALID:d}\t"
        with cursor.copy(f"COPY staged_row ({_COLUMNS}) FROM STDIN") as copy:
            lines: list[str] = []
            for row in rows:
                if isinstance(row, Person):
                    facts = row.facts.replace("\\", "\\\\") if "\\" in row.facts else row.facts
                    lines.append(f"{row.line}\t{row.address}\t{row.key}\t{row.domain}\t{row.locale}\t{facts}{good}")
                else:
                    problem, raw = row.problem.translate(_ESCAPES), row.raw.translate(_ESCAPES)
                    lines.append(f"{row.line}{bad}{problem}\t{raw}\n")
                staged += 1
                if len(lines) == 1000:
                    copy.write("".join(lines))
                    lines.clear()
            copy.write("".join(lines))
        cursor.execute(
            f"INSERT INTO contacts_importrow (organization_id, source_id, {_COLUMNS})"
            f" SELECT %s, %s, {_COLUMNS} FROM staged_row",
            [organization_id, import_id],
        )
        cursor.execute("DROP TABLE staged_row")
    return staged


def forget(import_id: int) -> None:
    """Remove every staged row of an import."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM contacts_importrow WHERE source_id = %s", [import_id])


def plan(organization_id: int, import_id: int, topic_ids: Sequence[int]) -> dict[str, int]:
    """Judge every staged row against the file itself and the people we know, and count. Changes no person.

    The last row of an address counts; the ones before it are duplicates. Empty cells change nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        ours = {"organization": organization_id, "import": import_id, **_VERDICTS}
        cursor.execute(_MARK_DUPLICATES, ours)
        cursor.execute(_MARK_KNOWN, ours)
        cursor.execute(
            "SELECT verdict, count(*) FROM contacts_importrow WHERE source_id = %(import)s GROUP BY verdict", ours
        )
        counts = {verdict.name.lower(): 0 for verdict in RowVerdict if verdict != RowVerdict.PENDING}
        counts |= {RowVerdict(verdict).name.lower(): n for verdict, n in cursor.fetchall()}
        cursor.execute(_COUNT_STAYING, {**ours, "topics": list(topic_ids)})
        counts |= dict(zip(("suppressed", "unsubscribed", "archived"), cursor.fetchone() or (), strict=True))
        cursor.execute("SET LOCAL enable_nestloop = on")
    return counts


def end_of_batch(import_id: int, after: int, size: int) -> tuple[int, int]:
    """(last line, number of rows) of the next `size` rows behind line `after`; (after, 0) at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(max(line), %s), count(*) FROM (
                   SELECT line FROM contacts_importrow WHERE source_id = %s AND line > %s ORDER BY line LIMIT %s) b""",
            [after, import_id, after, size],
        )
        last, n = cursor.fetchone() or (after, 0)
    return last, n


def apply(organization_id: int, import_id: int, after: int, last: int, joining: Joining | None) -> None:
    """Write the people of the lines behind `after` up to `last`, their subscriptions and the proof of consent.

    Never touches a subscription that exists, so whoever has left stays away; never looks at suppressions, so they stay.
    """
    params: dict[str, Any] = {
        "organization": organization_id,
        "import": import_id,
        "after": after,
        "last": last,
        **_VERDICTS,
    }
    statement = _APPLY
    if joining is not None and joining.topic_ids:
        statement = _APPLY_AND_JOIN
        params |= {
            "topics": list(joining.topic_ids),
            "subscribed": int(SubscriptionState.SUBSCRIBED),
            "action": ConsentAction.SUBSCRIBED.value,
            "source": ConsentSource.IMPORT.value,
            "wording": joining.wording,
            "at": joining.at,
            "about": joining.about,
            "actor": joining.actor_id,
        }
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


_VERDICTS = {verdict.name.lower(): int(verdict) for verdict in RowVerdict}

_MARK_DUPLICATES = """
    UPDATE contacts_importrow r SET verdict = %(duplicate)s
    FROM (SELECT address_key, max(line) AS last FROM contacts_importrow
          WHERE source_id = %(import)s AND verdict = %(new)s GROUP BY address_key HAVING count(*) > 1) d
    WHERE r.source_id = %(import)s AND r.verdict = %(new)s AND r.address_key = d.address_key AND r.line < d.last"""

_MARK_KNOWN = """
    UPDATE contacts_importrow r
    SET verdict = CASE WHEN c."values" || r."values" IS DISTINCT FROM c."values"
                         OR (r.locale <> '' AND r.locale <> c.locale) THEN %(changed)s ELSE %(unchanged)s END
    FROM contacts_contact c
    WHERE r.source_id = %(import)s AND r.verdict = %(new)s
      AND c.organization_id = %(organization)s AND c.address_key = r.address_key"""

_COUNT_STAYING = """
    WITH good AS MATERIALIZED (
        SELECT address_key FROM contacts_importrow
        WHERE source_id = %(import)s AND verdict IN (%(new)s, %(changed)s, %(unchanged)s))
    SELECT
        (SELECT count(*) FROM good WHERE address_key IN (
            SELECT address_key FROM contacts_suppression
            WHERE organization_id = %(organization)s AND lifted_at IS NULL)),
        (SELECT count(*) FROM good WHERE address_key IN (
            SELECT c.address_key FROM contacts_subscription s JOIN contacts_contact c ON c.id = s.contact_id
            WHERE s.topic_id = ANY(%(topics)s) AND s.state = 3)),
        (SELECT count(*) FROM good WHERE address_key IN (
            SELECT address_key FROM contacts_contact
            WHERE organization_id = %(organization)s AND archived_at IS NOT NULL))"""

_WRITE_PEOPLE = """
    batch AS MATERIALIZED (
        SELECT address, address_key, domain, locale, "values", verdict FROM contacts_importrow
        WHERE source_id = %(import)s AND line > %(after)s AND line <= %(last)s
          AND verdict IN (%(new)s, %(changed)s, %(unchanged)s)),
    written AS (
        INSERT INTO contacts_contact AS c (organization_id, address, address_key, domain, locale, "values", source,
                                           import_id, created_at, updated_at)
        SELECT %(organization)s, address, address_key, domain, locale, "values", 'import', %(import)s, now(), now()
        FROM batch WHERE verdict <> %(unchanged)s
        ON CONFLICT (organization_id, address_key) DO UPDATE
        SET "values" = c."values" || excluded."values",
            locale = CASE WHEN excluded.locale <> '' THEN excluded.locale ELSE c.locale END,
            updated_at = excluded.updated_at
        RETURNING c.id)"""

_APPLY = f"WITH {_WRITE_PEOPLE} SELECT count(*) FROM written"

_APPLY_AND_JOIN = f"""
    WITH {_WRITE_PEOPLE},
    everybody AS (
        SELECT id FROM written
        UNION ALL
        SELECT k.id FROM batch b JOIN contacts_contact k
            ON k.organization_id = %(organization)s AND k.address_key = b.address_key
        WHERE b.verdict = %(unchanged)s),
    joined AS (
        INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
        SELECT %(organization)s, e.id, t.id, %(subscribed)s, now()
        FROM everybody e CROSS JOIN unnest(%(topics)s::bigint[]) t(id)
        ON CONFLICT (topic_id, contact_id) DO NOTHING
        RETURNING contact_id, topic_id)
    INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent,
                                        about, actor_id)
    SELECT %(organization)s, contact_id, topic_id, %(action)s, %(at)s, %(source)s, %(wording)s, '', %(about)s, %(actor)s
    FROM joined"""
