"""The SQL of applying an import: one batch of lines, in the caller's transaction, so that all of it stands or nothing.

Policy: never touches a subscription that exists, so whoever has left stays away. Who is on the do-not-send list by a wish
of theirs or of a member gets no new subscription either, which would sleep there until the entry is lifted. Nothing lifts
an entry. Whoever asked to be forgotten since the plan was made is passed over; erasing has emptied their rows as well.

Order matters: people are written and locked first, in the order of their ids; every statement after that sees what they
and the members did before. New people have their ids beforehand, so that nobody has to be looked up again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from contacts.adapters import import_tables
from contacts.adapters.import_tables import GOOD, NO
from contacts.enums import (
    ConsentAction,
    ConsentSource,
    RowNote,
    RowStatus,
    RowVerdict,
    SubscriptionState,
    SuppressionReason,
)

REASONS: Mapping[RowStatus, SuppressionReason] = {
    RowStatus.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    RowStatus.BOUNCED: SuppressionReason.BOUNCED,
    RowStatus.COMPLAINED: SuppressionReason.COMPLAINED,
    RowStatus.BLOCKED: SuppressionReason.IMPORTED,
    RowStatus.INVALID: SuppressionReason.INVALID,
}
# Why nobody is subscribed anew. A mailbox that is full or gone says nothing about what its owner wants.
REFUSALS = (
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINED,
    SuppressionReason.MANUAL,
    SuppressionReason.IMPORTED,
    SuppressionReason.ERASED,
)
_OWN_WORD = (ConsentSource.FORM, ConsentSource.PAGE)  # said by the person here


@dataclass(frozen=True, slots=True)
class Joining:
    """What an import says about consent, for every person whom it subscribes and of whom its rows say nothing closer."""

    topic_ids: Sequence[int]
    wording: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Work:
    """What an import does to people. `origin` is how evidence calls the service ("Mailchimp"); `tags` are ids by the name
    as it stands in the file, `everybody` ids of tags that all get; `lists`: some rows go onto the do-not-send list."""

    organization_id: int
    import_id: int
    about: str
    actor_id: int | None
    origin: str
    joining: Joining | None = None
    tags: Mapping[str, int] = field(default_factory=dict)
    everybody: Sequence[int] = ()
    lists: bool = False


def lines_of_batch(import_id: int, after: int, size: int) -> tuple[int, int]:
    """(last line, rows) of the next lines behind `after`; (after, 0) at the end. Rows of every verdict are counted."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [import_id, after, after + size])
        last, n = cursor.fetchone()
        if not n:
            cursor.execute(_NEXT, [import_id, after])
            first = cursor.fetchone()[0]
            if first is None:
                return after, 0
            cursor.execute(_ROWS, [import_id, first - 1, first - 1 + size])
            last, n = cursor.fetchone()
    return int(last), int(n)


def apply(work: Work, after: int, last: int) -> Counter[str]:
    """Write the people of the lines behind `after` up to `last`; what was done, in counts.

    Keys: created, changed, subscribed, tagged, listed, skipped; and "first" and "last", ids of the contacts made here.
    """
    ours: dict[str, Any] = {
        "organization": work.organization_id,
        "import": work.import_id,
        "after": after,
        "last": last,
        "about": work.about,
        "actor": work.actor_id,
        "origin": work.origin,
        "source": ConsentSource.IMPORT.value,
    }
    done: Counter[str] = Counter()
    import_tables.hold(
        work.organization_id
    )  # two files with the same new people in another order would wait for each other
    with connection.cursor() as cursor:
        rows = _probing(cursor, _BATCH, ours)
        if import_tables.has_erased(work.organization_id):
            is_erased, params = import_tables.erased_rows("batch.address_key", work.organization_id)
            cursor.execute(f"DELETE FROM batch WHERE {is_erased}", params)
            done["skipped"] += cursor.rowcount
        _write_people(cursor, ours, done)
        if rows or work.lists:
            _write_changes(cursor, ours, done)
            cursor.execute("CREATE TEMPORARY TABLE touched (contact_id bigint) ON COMMIT DROP")
            if work.lists and _probing(cursor, _NO, ours):
                done["listed"] += _value(cursor, _LIST, ours)
            if work.joining is not None and work.joining.topic_ids:
                done["subscribed"] += _join(cursor, ours, work.joining)
            if work.tags or work.everybody:
                done["tagged"] += _tag(cursor, ours, work)
            cursor.execute(_NOTE_TOUCHED, ours)
        cursor.execute("DROP TABLE IF EXISTS batch, touched, changed, no")
    return done


def _write_people(cursor: Any, ours: dict[str, Any], done: Counter[str]) -> None:
    """Make the new people, and lock the others."""
    cursor.execute("SELECT count(*), min(contact_id), max(contact_id) FROM batch WHERE fresh")
    fresh, first, last = cursor.fetchone()
    if fresh:
        cursor.execute(_MAKE, ours)
        made = cursor.rowcount
        done["created"], done["first"], done["last"] = made, first, last
        if made < fresh:  # a member or a form was faster: they are known by now
            _probing(cursor, _KNOWN_BY_NOW, ours)
    _probing(cursor, _LOCK, ours)
    done["skipped"] += _probing(cursor, _GONE, ours)


def _write_changes(cursor: Any, ours: dict[str, Any], done: Counter[str]) -> None:
    """Change what is new about people whom we knew, and keep how it was."""
    changed = _probing(cursor, _CHANGED, ours)
    if changed:
        done["changed"] = changed
        cursor.execute(_KEEP_BEFORE, ours)
        _probing(cursor, _CHANGE, ours)


def _join(cursor: Any, ours: dict[str, Any], joining: Joining) -> int:
    here = ours | {
        "topics": list(joining.topic_ids),
        "wording": joining.wording,
        "at": joining.at,
        "subscribed": int(SubscriptionState.SUBSCRIBED),
        "action": ConsentAction.SUBSCRIBED.value,
        "confirmed": ConsentAction.CONFIRMED.value,
        "refusals": [reason.value for reason in REFUSALS],
        "no": int(RowNote.REFUSED),
    }
    return _value(cursor, _JOIN, here)


def _tag(cursor: Any, ours: dict[str, Any], work: Work) -> int:
    names, ids = list(work.tags), list(work.tags.values())
    return _value(cursor, _TAG, ours | {"names": names, "tags": ids, "everybody": list(work.everybody)})


def _probing(cursor: Any, sql: str, params: dict[str, Any]) -> int:
    """Run a statement that looks a batch up among a million people: by the index, not by reading them all. Its row count."""
    cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    cursor.execute(sql, params)
    rows = int(cursor.rowcount)
    cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")
    return rows


def _value(cursor: Any, sql: str, params: dict[str, Any]) -> int:
    cursor.execute(sql, params)
    return int(cursor.fetchone()[0])


_ANY = ", ".join(f"{verdict:d}" for verdict in RowVerdict)  # named, so that the index of (source, verdict, line) serves
_ROWS = f"""
    SELECT max(line), count(*) FROM contacts_importrow
    WHERE source_id = %s AND verdict IN ({_ANY}) AND line > %s AND line <= %s"""

_NEXT = f"""
    SELECT min(line) FROM contacts_importrow WHERE source_id = %s AND verdict IN ({_ANY}) AND line > %s"""

_BATCH = f"""
    CREATE TEMPORARY TABLE batch ON COMMIT DROP AS
    SELECT r.address, r.address_key, r.domain, r.locale, r."values", r.status, r.note, r.extra,
           c.id IS NULL AS fresh, c.archived_at IS NOT NULL AS archived,
           coalesce(c.id, nextval('contacts_contact_id_seq'::regclass)) AS contact_id
    FROM contacts_importrow r
    LEFT JOIN contacts_contact c ON c.organization_id = %(organization)s AND c.address_key = r.address_key
    WHERE r.source_id = %(import)s AND r.{GOOD} AND r.line > %(after)s AND r.line <= %(last)s
      AND r.address_key <> ''"""

_MAKE = """
    INSERT INTO contacts_contact (id, organization_id, address, address_key, domain, locale, "values", source, import_id,
                                  created_at, updated_at)
    SELECT contact_id, %(organization)s, address, address_key, domain, locale, "values", 'import', %(import)s, now(), now()
    FROM batch WHERE fresh
    ON CONFLICT (organization_id, address_key) DO NOTHING"""

_KNOWN_BY_NOW = """
    UPDATE batch b SET contact_id = c.id, fresh = false, archived = c.archived_at IS NOT NULL
    FROM contacts_contact c
    WHERE b.fresh AND c.organization_id = %(organization)s AND c.address_key = b.address_key AND c.id <> b.contact_id"""

_LOCK = """
    SELECT count(*) FROM (
        SELECT c.id FROM contacts_contact c
        WHERE c.organization_id = %(organization)s AND c.id IN (SELECT contact_id FROM batch WHERE NOT fresh)
        ORDER BY c.id FOR NO KEY UPDATE) locked"""

_GONE = """
    DELETE FROM batch b WHERE NOT b.fresh AND NOT EXISTS (
        SELECT 1 FROM contacts_contact c
        WHERE c.id = b.contact_id AND c.address_key = b.address_key AND c.erased_at IS NULL)"""

_CHANGED = """
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT d.contact_id, d.locale_before, d.locale_after,
           (SELECT coalesce(jsonb_object_agg(key, d.had -> key), '{}') FROM jsonb_each(d.given)
            WHERE d.had ? key AND d.had -> key <> value) AS before,
           (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(d.given)
            WHERE (d.had -> key) IS DISTINCT FROM value) AS after
    FROM (
        SELECT b.contact_id, c.locale AS locale_before, CASE WHEN b.locale <> '' THEN b.locale ELSE c.locale END AS locale_after,
               b."values" AS given, c."values" AS had
        FROM batch b JOIN contacts_contact c ON c.id = b.contact_id
        WHERE NOT b.fresh AND (c."values" || b."values" IS DISTINCT FROM c."values"
                               OR (b.locale <> '' AND b.locale <> c.locale))) d"""

_KEEP_BEFORE = """
    INSERT INTO contacts_importchange (organization_id, source_id, contact_id, before, after, locale_before, locale_after)
    SELECT %(organization)s, %(import)s, contact_id, before, after, locale_before, locale_after FROM changed"""

_CHANGE = """
    UPDATE contacts_contact c SET "values" = c."values" || d.after, locale = d.locale_after, updated_at = now()
    FROM changed d WHERE c.id = d.contact_id"""

_JOIN = """
    WITH joined AS (
        INSERT INTO contacts_subscription (organization_id, contact_id, topic_id, state, changed_at)
        SELECT %(organization)s, b.contact_id, t.id, %(subscribed)s, now()
        FROM batch b CROSS JOIN unnest(%(topics)s::bigint[]) t(id)
        WHERE b.status IN (0, 1) AND b.note & %(no)s = 0 AND NOT b.archived
          AND NOT EXISTS (
              SELECT 1 FROM contacts_suppression s
              WHERE s.organization_id = %(organization)s AND s.address_key = b.address_key AND s.lifted_at IS NULL
                AND s.topic_id IS NULL AND s.reason = ANY(%(refusals)s))
          AND NOT EXISTS (
              SELECT 1 FROM contacts_suppression s
              WHERE s.organization_id = %(organization)s AND s.address_key = b.address_key AND s.lifted_at IS NULL
                AND s.topic_id = t.id)
        ON CONFLICT (topic_id, contact_id) DO NOTHING
        RETURNING contact_id, topic_id),
    said AS MATERIALIZED (
        SELECT j.contact_id, j.topic_id, b.fresh, b.extra FROM joined j JOIN batch b ON b.contact_id = j.contact_id),
    recorded AS (
        INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, ip, source, wording,
                                            user_agent, about, actor_id)
        SELECT %(organization)s, contact_id, topic_id, %(action)s, coalesce((extra ->> 'at')::timestamptz, %(at)s),
               (extra ->> 'ip')::inet, %(source)s, %(wording)s, '', %(about)s, %(actor)s::bigint
        FROM said
        UNION ALL
        SELECT %(organization)s, contact_id, topic_id, %(confirmed)s, (extra ->> 'confirmed_at')::timestamptz,
               (extra ->> 'confirmed_ip')::inet, %(source)s, %(wording)s, '', %(about)s, %(actor)s::bigint
        FROM said WHERE extra ? 'confirmed_at'),
    noted AS (INSERT INTO touched SELECT contact_id FROM said WHERE NOT fresh)
    SELECT count(*) FROM joined"""

_TAG = """
    WITH wanted AS (
        SELECT b.contact_id, m.id FROM batch b, jsonb_array_elements_text(b.extra -> 'tags') given
        JOIN unnest(%(names)s::text[], %(tags)s::bigint[]) m(name, id) ON m.name = given
        UNION
        SELECT b.contact_id, e.id FROM batch b CROSS JOIN unnest(%(everybody)s::bigint[]) e(id)),
    tagged AS (
        INSERT INTO contacts_tagging (organization_id, tag_id, contact_id, import_id)
        SELECT %(organization)s, t.id, w.contact_id, %(import)s FROM wanted w JOIN contacts_tag t ON t.id = w.id
        ON CONFLICT (tag_id, contact_id) DO NOTHING
        RETURNING contact_id),
    noted AS (
        INSERT INTO touched SELECT b.contact_id FROM tagged g JOIN batch b ON b.contact_id = g.contact_id WHERE NOT b.fresh)
    SELECT count(*) FROM tagged"""

# Under which reason a row `r` puts its address on the list.
REASON = "CASE r.status " + " ".join(f"WHEN {s:d} THEN '{reason}'" for s, reason in REASONS.items()) + " END"
_EVIDENCE = (
    "CASE r.status " + " ".join(f"WHEN {status:d} THEN '{RowStatus(status).label}'" for status in REASONS) + " END"
)

# Duplicates too: a "no" counts wherever it stands. Who came back here by their own word after they had left there stays.
_NO = f"""
    CREATE TEMPORARY TABLE no ON COMMIT DROP AS
        SELECT DISTINCT ON (r.address_key, r.status) r.address_key, r.status, r.extra, {REASON} AS reason,
               c.id AS contact_id, c.import_id
        FROM contacts_importrow r
        LEFT JOIN contacts_contact c ON c.organization_id = %(organization)s AND c.address_key = r.address_key
        WHERE r.source_id = %(import)s AND r.line > %(after)s AND r.line <= %(last)s AND {NO} AND r.status > 1
          AND r.verdict <> {RowVerdict.INVALID:d} AND r.address_key <> '' AND r.note & {RowNote.ERASED:d} = 0
          AND NOT (r.status = {RowStatus.UNSUBSCRIBED:d} AND EXISTS (
              SELECT 1 FROM contacts_consentrecord k
              WHERE k.contact_id = c.id AND k.source IN ({", ".join(f"'{one.value}'" for one in _OWN_WORD)})
                AND k.action IN ('{ConsentAction.SUBSCRIBED}', '{ConsentAction.CONFIRMED}', '{ConsentAction.RESUBSCRIBED}')
                AND k.at > (r.extra ->> 'left_at')::timestamptz))
        ORDER BY r.address_key, r.status, r.line"""

_LIST = f"""
    WITH listed AS (
        INSERT INTO contacts_suppression (organization_id, address_key, reason, marketing_only, source, evidence, about,
                                          actor_id, created_at, lifted_why)
        SELECT %(organization)s, r.address_key, r.reason, r.reason IN ('unsubscribed', 'complained'), 'import',
               {_EVIDENCE} || CASE WHEN %(origin)s <> '' THEN ' at ' || %(origin)s ELSE '' END
               || coalesce(' on ' || left(r.extra ->> 'left_at', 10), '')
               || coalesce(': ' || left(r.extra ->> 'why', 1000), ''),
               %(about)s, %(actor)s::bigint, now(), ''
        FROM no r ORDER BY r.address_key
        ON CONFLICT DO NOTHING
        RETURNING address_key, reason),
    noted AS (
        INSERT INTO touched SELECT n.contact_id FROM listed l JOIN no n ON n.address_key = l.address_key AND n.reason = l.reason
        WHERE n.contact_id IS NOT NULL AND n.import_id IS DISTINCT FROM %(import)s),
    recorded AS (
        INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent,
                                            about, actor_id)
        SELECT %(organization)s, n.contact_id, NULL, '{ConsentAction.UNSUBSCRIBED}',
               coalesce((n.extra ->> 'left_at')::timestamptz, now()), %(source)s,
               coalesce(left(n.extra ->> 'why', 1000), ''), '', %(about)s, %(actor)s::bigint
        FROM listed l JOIN no n ON n.address_key = l.address_key AND n.reason = l.reason
        WHERE n.contact_id IS NOT NULL AND l.reason = '{SuppressionReason.UNSUBSCRIBED}')
    SELECT count(*) FROM listed"""

_NOTE_TOUCHED = """
    INSERT INTO contacts_importchange (organization_id, source_id, contact_id, before, after, locale_before, locale_after)
    SELECT DISTINCT %(organization)s, %(import)s, t.contact_id, '{}'::jsonb, '{}'::jsonb, '', ''
    FROM touched t WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.contact_id = t.contact_id)"""
