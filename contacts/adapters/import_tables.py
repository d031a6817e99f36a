"""The SQL of reading a file in: staging its rows by COPY, and the plan. Each function is part of a transaction.

Trap: COPY cannot write into a table under row-level security, so rows are copied into a temporary table first and moved
by one INSERT. And the statistics know nothing of rows that are a second old: nested loops are switched off for the plan.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from contacts import fingerprints
from contacts.enums import RowNote, RowStatus, RowVerdict, SubscriptionState
from contacts.importing.judging import Bad, Person

MOST_KINDS = 12  # of problems and of typing mistakes that the plan keeps
MOST_TAGS = 1_001  # one more than an organization may have

_COLUMNS = 'line, address, address_key, domain, locale, "values", status, note, extra, verdict, problem, raw'
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": ""})
_VERDICTS = {verdict.name.lower(): int(verdict) for verdict in RowVerdict}
GOOD = f"verdict IN ({RowVerdict.NEW:d}, {RowVerdict.CHANGED:d}, {RowVerdict.UNCHANGED:d})"  # the rows that count
NO = "(status > 1 AND status <> 3)"  # everything but: not said, subscribed, never confirmed


def stage(organization_id: int, import_id: int, rows: Iterable[Person | Bad]) -> int:
    """Copy judged rows into the import's rows; how many. Until the plan, everybody who is not bad counts as new."""
    staged = 0
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE staged_row (line bigint, address text, address_key text, domain text, locale text,
               "values" jsonb, status smallint, note smallint, extra jsonb, verdict smallint, problem text, raw text)
               ON COMMIT DROP"""
        )
        good = f"\t{RowVerdict.NEW:d}\t\t\n"
        bad = f"\t\t\t\t\t{{}}\t0\t0\t\\N\t{RowVerdict.INVALID:d}\t"
        with cursor.copy(f"COPY staged_row ({_COLUMNS}) FROM STDIN") as copy:
            lines: list[str] = []
            for row in rows:
                if isinstance(row, Person):
                    facts = row.facts.replace("\\", "\\\\") if "\\" in row.facts else row.facts
                    extra = row.extra.replace("\\", "\\\\") if row.extra else "\\N"
                    lines.append(
                        f"{row.line}\t{row.address}\t{row.key}\t{row.domain}\t{row.locale}\t{facts}"
                        f"\t{row.status}\t{row.note}\t{extra}{good}"
                    )
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
    _do("DELETE FROM contacts_importrow WHERE source_id = %s", [import_id])


def forget_changes(import_id: int) -> None:
    """Remove what an undo would need; it is too late for one."""
    _do("DELETE FROM contacts_importchange WHERE source_id = %s", [import_id])


def plan(organization_id: int, import_id: int, topic_ids: Sequence[int]) -> dict[str, Any]:
    """Judge every staged row against the file itself and the people we know, and count. Changes no person.

    The last row of an address counts, one that says nothing against it before one that does; the others are duplicates.
    But a "no" in any of them counts: whoever is subscribed in one file and has left in another is not subscribed. Empty
    cells change nothing.

    Counts: a key a RowVerdict; suppressed, unsubscribed, archived, erased (of the people who stay as they are); pending,
    typos, roles, consent_at, consent_ip, confirmed, no_to_all (of good rows); listing {RowStatus: n} (who gets onto the
    do-not-send list); fields [[key, n]] and languages of the changed; problems [[words, n]]; hints [[domain, instead, n]];
    tags {name: n}; last_line.
    """
    ours: dict[str, Any] = {"organization": organization_id, "import": import_id, "topics": list(topic_ids)}
    ours |= _VERDICTS | {note.name: int(note) for note in RowNote}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        cursor.execute(_MARK_DUPLICATES, ours)
        cursor.execute(_MARK_KNOWN, ours)
        cursor.execute(_MARK_LISTED, ours)
        if topic_ids:
            cursor.execute(_MARK_LEFT, ours)
        if has_erased(organization_id):
            is_erased, params = erased_rows("r.address_key", organization_id)
            cursor.execute(
                f"UPDATE contacts_importrow r SET note = note | {RowNote.ERASED:d} WHERE source_id = %s AND {GOOD} AND {is_erased}",
                [import_id, *params],
            )
        counts = _counted(cursor, ours)
        cursor.execute("SET LOCAL enable_nestloop = on")
    return counts


def has_erased(organization_id: int) -> bool:
    """Whether anybody asked this organization to be forgotten; most organizations save the hashing of a million rows."""
    query = "SELECT 1 FROM contacts_suppression WHERE organization_id = %s AND reason = 'erased' AND lifted_at IS NULL LIMIT 1"
    return bool(_do(query, [organization_id]))


def erased_rows(column: str, organization_id: int) -> tuple[str, list[Any]]:
    """A SQL condition: the address in `column` belongs to somebody who asked to be forgotten. And its parameters."""
    known, keys = fingerprints.sql(column)
    condition = f"""EXISTS (
        SELECT 1 FROM unnest({known}) h(key) WHERE h.key IN (
            SELECT address_key FROM contacts_suppression
            WHERE organization_id = %s AND reason = 'erased' AND lifted_at IS NULL))"""
    return condition, [*keys, organization_id]


def hold(organization_id: int) -> None:
    """Until the end of the transaction no other batch of the organization's imports is applied or taken back."""
    _do("SELECT pg_advisory_xact_lock(hashtextextended('posthouse.import', %s))", [organization_id])


def _counted(cursor: Any, ours: dict[str, Any]) -> dict[str, Any]:
    import_id = ours["import"]
    counts: dict[str, Any] = {verdict.name.lower(): 0 for verdict in RowVerdict if verdict != RowVerdict.PENDING}
    marks = {
        "suppressed": RowNote.LISTED,
        "unsubscribed": RowNote.LEFT,
        "archived": RowNote.ARCHIVED,
        "erased": RowNote.ERASED,
        "typos": RowNote.TYPO,
        "roles": RowNote.ROLE,
    }
    extras = {"consent_at": "at", "consent_ip": "ip", "confirmed": "confirmed_at"}
    counts |= dict.fromkeys((*marks, *extras, "pending", "no_to_all", "languages"), 0)
    having = ", ".join(f"count(*) FILTER (WHERE extra ? '{key}')" for key in (*extras.values(), "hint", "tags"))
    cursor.execute(
        f"""SELECT verdict, status, note, count(*), {having}, max(line)
            FROM contacts_importrow WHERE source_id = %(import)s GROUP BY 1, 2, 3""",
        ours,
    )
    hints = tags = last = 0
    listing: dict[str, int] = {}
    for verdict, status, note, n, at, ip, confirmed, hinted, tagged, line in cursor.fetchall():
        counts[RowVerdict(verdict).name.lower()] += n
        last = max(last, line)
        if verdict != RowVerdict.INVALID and status > RowStatus.SUBSCRIBED and status != RowStatus.PENDING:
            listing[str(status)] = listing.get(str(status), 0) + n
        if verdict not in (RowVerdict.NEW, RowVerdict.CHANGED, RowVerdict.UNCHANGED):
            continue
        for name, bit in marks.items():
            counts[name] += n if note & bit else 0
        for name, value in zip(extras, (at, ip, confirmed), strict=True):
            counts[name] += value
        counts["pending"] += n if status == RowStatus.PENDING else 0
        counts["no_to_all"] += n if note & RowNote.REFUSED else 0
        hints, tags = hints + hinted, tags + tagged
    counts |= {"listing": listing, "last_line": last, "fields": [], "problems": [], "hints": [], "tags": {}}
    if counts["changed"]:
        counts |= _changed_fields(cursor, ours)
    if counts["invalid"]:
        counts["problems"] = _rows(cursor, _PROBLEMS, [import_id])
    if hints:
        counts["hints"] = _rows(cursor, _HINTS, [import_id])
    if tags:
        counts["tags"] = dict(_rows(cursor, _TAGS, [import_id]))
    return counts


def _changed_fields(cursor: Any, ours: dict[str, Any]) -> dict[str, Any]:
    """Which fields change, for how many; the ones of the most first."""
    cursor.execute(_KEYS, ours)
    keys = sorted(row[0] for row in cursor.fetchall())
    sums = "".join(', count(*) FILTER (WHERE r."values" -> %s <> coalesce(c."values" -> %s, \'null\'))' for _ in keys)
    cursor.execute(
        f"""SELECT count(*) FILTER (WHERE r.locale <> '' AND r.locale <> c.locale){sums}
            FROM contacts_importrow r JOIN contacts_contact c ON c.organization_id = %s AND c.address_key = r.address_key
            WHERE r.source_id = %s AND r.verdict = %s""",
        [*(key for key in keys for _ in range(2)), ours["organization"], ours["import"], ours["changed"]],
    )
    languages, *each = cursor.fetchone()
    fields = sorted(((key, n) for key, n in zip(keys, each, strict=True) if n), key=lambda pair: -pair[1])
    return {"languages": languages, "fields": [list(pair) for pair in fields]}


def _do(sql: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def _rows(cursor: Any, sql: str, params: list[Any]) -> list[list[Any]]:
    cursor.execute(sql, params)
    return [list(row) for row in cursor.fetchall()]


_MARK_DUPLICATES = f"""
    UPDATE contacts_importrow r
    SET verdict = CASE WHEN r.line = d.counts THEN r.verdict ELSE %(duplicate)s END,
        note = CASE WHEN d.refused AND NOT {NO} THEN r.note | %(REFUSED)s ELSE r.note END
    FROM (SELECT address_key, bool_or({NO}) AS refused, coalesce(max(line) FILTER (WHERE NOT {NO}), max(line)) AS counts
          FROM contacts_importrow
          WHERE source_id = %(import)s AND verdict = %(new)s GROUP BY address_key HAVING count(*) > 1) d
    WHERE r.source_id = %(import)s AND r.verdict = %(new)s AND r.address_key = d.address_key
      AND (r.line <> d.counts OR d.refused)"""

_MARK_KNOWN = """
    UPDATE contacts_importrow r
    SET verdict = CASE WHEN c."values" || r."values" IS DISTINCT FROM c."values"
                         OR (r.locale <> '' AND r.locale <> c.locale) THEN %(changed)s ELSE %(unchanged)s END,
        note = CASE WHEN c.archived_at IS NULL THEN r.note ELSE r.note | %(ARCHIVED)s END
    FROM contacts_contact c
    WHERE r.source_id = %(import)s AND r.verdict = %(new)s
      AND c.organization_id = %(organization)s AND c.address_key = r.address_key"""

_MARK_LISTED = f"""
    UPDATE contacts_importrow r SET note = r.note | %(LISTED)s
    FROM (SELECT DISTINCT address_key FROM contacts_suppression
          WHERE organization_id = %(organization)s AND lifted_at IS NULL AND topic_id IS NULL) s
    WHERE r.source_id = %(import)s AND r.{GOOD} AND s.address_key = r.address_key"""

_MARK_LEFT = f"""
    UPDATE contacts_importrow r SET note = r.note | %(LEFT)s
    FROM (SELECT DISTINCT c.address_key FROM contacts_subscription s JOIN contacts_contact c ON c.id = s.contact_id
          WHERE s.topic_id = ANY(%(topics)s) AND s.state = {SubscriptionState.UNSUBSCRIBED:d}) s
    WHERE r.source_id = %(import)s AND r.{GOOD} AND s.address_key = r.address_key"""

_KEYS = """
    SELECT DISTINCT key FROM (
        SELECT "values" FROM contacts_importrow WHERE source_id = %(import)s AND verdict = %(changed)s) r,
    jsonb_object_keys(r."values") key"""

# What a problem quotes is left out, so that a thousand bad numbers are one kind of problem.
_PROBLEMS = f"""
    SELECT regexp_replace(problem, '“[^”]*”|"[^"]*"|[0-9]+', '…', 'g') AS words, count(*) FROM contacts_importrow
    WHERE source_id = %s AND verdict = {RowVerdict.INVALID:d} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_KINDS}"""

_HINTS = f"""
    SELECT domain, split_part(extra ->> 'hint', '@', -1), count(*) FROM contacts_importrow
    WHERE source_id = %s AND {GOOD} AND extra ? 'hint' GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT {MOST_KINDS}"""

_TAGS = f"""
    SELECT name, count(*) FROM contacts_importrow, jsonb_array_elements_text(extra -> 'tags') name
    WHERE source_id = %s AND {GOOD} AND extra ? 'tags' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_TAGS}"""
