"""The SQL of taking an import back: whom it touched, and what returns for one batch of them, in the caller's transaction.

Policy: only what is still as the import left it returns. A value that somebody changed since, a subscription about which the
person said something since, an entry of the do-not-send list that another source stands behind: they stay. Whom another
import brought as well, or put on that list as well, is that import's from now on, and goes when that one is taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from contacts.adapters import import_applying, import_tables
from contacts.enums import (
    ConsentAction,
    ConsentSource,
    ImportState,
    RowNote,
    RowVerdict,
    SubscriptionState,
    SuppressionReason,
)

LIFTED = "import undone"


@dataclass(frozen=True, slots=True)
class Undoing:
    """Which import. `about` is how its records and entries call it; `first` and `last` enclose the people that it made."""

    organization_id: int
    import_id: int
    about: str
    first: int
    last: int
    actor_id: int | None


def next_people(undoing: Undoing, after: int, size: int) -> list[int]:
    """The contacts behind `after` whom the import made or touched, in the order of their ids; [] at the end."""
    return [row[0] for row in _all(_NEXT, undoing, after=after, size=size)]


def lock(ids: Sequence[int]) -> list[int]:
    """Lock these people; who of them is still there and not erased."""
    return [row[0] for row in _all(_LOCK, None, ids=list(ids))]


def return_values(undoing: Undoing, ids: Sequence[int]) -> int:
    """Put changed fields and languages back where they are still what the import set; for how many people."""
    return _count(_RETURN_VALUES, undoing, ids)


def take_back_subscriptions(undoing: Undoing, ids: Sequence[int], wording: str) -> int:
    """End the subscriptions that it made and about which nothing was said since; how many. Each is recorded."""
    return _count(_TAKE_BACK, undoing, ids, wording=wording)


def take_off_tags(undoing: Undoing, ids: Sequence[int]) -> int:
    return _count(_TAKE_OFF, undoing, ids)


def hand_over(undoing: Undoing, ids: Sequence[int]) -> None:
    """Give the people whom another import brought as well to that import, and the entries that it would have made."""
    _count(_HAND_OVER_PEOPLE, undoing, ids)
    _count(_HAND_OVER_ENTRIES, undoing, ids)


def lift_entries(
    undoing: Undoing, ids: Sequence[int], wording: str, *, bounced: Sequence[int], complained: Sequence[int]
) -> int:
    """Lift the entries of the do-not-send list that it made, unless something else says no since; how many.

    The person said so themselves; or a server refused their address for good (`bounced`) or they reported mail as spam
    (`complained`), which made no entry of its own because this one stood.
    """
    return _count(_LIFT, undoing, ids, wording=wording, bounced=list(bounced), complained=list(complained))


def lift_the_rest(undoing: Undoing) -> int:
    """Lift its entries that belong to nobody whom we know by that address any more; how many. The last thing that is done."""
    _count(_HAND_OVER_REST, undoing, [])
    return _count(_LIFT_REST, undoing, [])


def made_and_untouched(undoing: Undoing, ids: Sequence[int]) -> list[int]:
    """Whom the import made and nobody touched since: no edit, no other import's word, no act of their own."""
    return [row[0] for row in _all(_UNTOUCHED, undoing, ids=list(ids))]


def archive(undoing: Undoing, ids: Sequence[int]) -> int:
    """Archive those whom it made, unless they are subscribed by other means; how many."""
    return _count(_ARCHIVE, undoing, ids)


def sample(undoing: Undoing, size: int) -> tuple[list[int], list[int]]:
    """Of the people it made, up to `size` spread over all of them: (their ids, the ids of whom somebody touched)."""
    ids = [row[0] for row in _all(_SAMPLE, undoing, size=size)]
    return ids, sorted(set(ids) - set(made_and_untouched(undoing, ids)))


def _all(sql: str, undoing: Undoing | None, **more: Any) -> list[Any]:
    params = {**more, "source": ConsentSource.IMPORT.value}
    if undoing is not None:
        params |= {
            "organization": undoing.organization_id,
            "import": undoing.import_id,
            "about": undoing.about,
            "first": undoing.first,
            "last": undoing.last,
            "actor": undoing.actor_id,
        }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _count(sql: str, undoing: Undoing, ids: Sequence[int], **more: Any) -> int:
    return int(_all(sql, undoing, ids=list(ids), **more)[0][0])


_NEXT = """
    SELECT DISTINCT id FROM (
        (SELECT c.id FROM contacts_contact c
         WHERE c.id > greatest(%(after)s, %(first)s - 1) AND c.id <= %(last)s AND c.import_id = %(import)s
           AND c.organization_id = %(organization)s
         ORDER BY c.id LIMIT %(size)s)
        UNION ALL
        (SELECT contact_id FROM contacts_importchange
         WHERE source_id = %(import)s AND contact_id > %(after)s ORDER BY contact_id LIMIT %(size)s)) people
    ORDER BY id LIMIT %(size)s"""

_LOCK = """
    SELECT id FROM contacts_contact WHERE id = ANY(%(ids)s) AND erased_at IS NULL ORDER BY id FOR UPDATE"""

# A key that the import added goes; one that it changed has its value of before.
_RETURN_VALUES = """
    WITH returned AS (
        UPDATE contacts_contact c
        SET "values" = (c."values" - r.added) || r.before, locale = r.locale, updated_at = now()
        FROM (
            SELECT h.contact_id,
                   coalesce(jsonb_object_agg(e.key, h.before -> e.key)
                            FILTER (WHERE c."values" -> e.key = e.value AND h.before ? e.key), '{}') AS before,
                   coalesce(array_agg(e.key) FILTER (WHERE c."values" -> e.key = e.value AND NOT h.before ? e.key), '{}') AS added,
                   CASE WHEN c.locale = h.locale_after THEN h.locale_before ELSE c.locale END AS locale
            FROM contacts_importchange h
            JOIN contacts_contact c ON c.id = h.contact_id
            LEFT JOIN LATERAL jsonb_each(h.after) e ON true
            WHERE h.source_id = %(import)s AND h.contact_id = ANY(%(ids)s)
              AND (h.after <> '{}' OR h.locale_after <> h.locale_before)
            GROUP BY h.contact_id, h.locale_before, h.locale_after, c.locale) r
        WHERE c.id = r.contact_id
          AND (r.before <> '{}' OR r.added <> '{}' OR r.locale <> c.locale)
        RETURNING 1)
    SELECT count(*) FROM returned"""

# What another import, which stands, did with the person `c` or would have done: its rows of that address.
_OTHERS = f"""
    contacts_importrow r JOIN contacts_import o ON o.id = r.source_id AND r.line <= o.applied_through
        AND o.state IN ('{ImportState.APPLYING}', '{ImportState.APPLIED}', '{ImportState.CANCELLED}', '{ImportState.FAILED}')"""
_OF_OTHERS = "r.organization_id = %(organization)s AND r.source_id <> %(import)s AND r.address_key <> ''"
_BROUGHT = f"""EXISTS (
    SELECT 1 FROM {_OTHERS} WHERE {_OF_OTHERS} AND r.address_key = c.address_key AND r.{import_tables.GOOD})"""

# One at work keeps its people by `_BROUGHT`: its row is locked by its worker, who waits for us.
_HAND_OVER_PEOPLE = f"""
    WITH given AS (
        UPDATE contacts_contact c SET import_id = n.source_id
        FROM (SELECT c.id, max(r.source_id) AS source_id FROM contacts_contact c JOIN {_OTHERS} ON r.address_key = c.address_key
              WHERE c.id = ANY(%(ids)s) AND c.import_id = %(import)s AND {_OF_OTHERS} AND r.{import_tables.GOOD}
                AND o.state <> '{ImportState.APPLYING}'
              GROUP BY c.id) n
        WHERE c.id = n.id
        RETURNING c.id, n.source_id),
    told AS (
        UPDATE contacts_import o SET result = o.result || jsonb_build_object(
            'first', least((o.result ->> 'first')::bigint, g.first), 'last', greatest((o.result ->> 'last')::bigint, g.last))
        FROM (SELECT source_id, min(id) AS first, max(id) AS last FROM given GROUP BY source_id) g
        WHERE o.id = g.source_id)
    SELECT count(*) FROM given"""

_TO_OTHERS = f"""
    WITH given AS (
        UPDATE contacts_suppression s SET about = 'import ' || o.public_id
        FROM (SELECT s.id, max(r.source_id) AS source_id
              FROM contacts_suppression s JOIN {_OTHERS} ON r.address_key = s.address_key
              WHERE s.organization_id = %(organization)s AND s.lifted_at IS NULL AND s.source = 'import'
                AND s.about = %(about)s AND {_OF_OTHERS} AND {import_tables.NO} AND r.verdict <> {RowVerdict.INVALID:d}
                AND r.note & {RowNote.ERASED:d} = 0 AND s.reason = {import_applying.REASON} {{whose}}
              GROUP BY s.id) n
        JOIN contacts_import o ON o.id = n.source_id
        WHERE s.id = n.id
        RETURNING s.address_key, n.source_id),
    noted AS (
        INSERT INTO contacts_importchange (organization_id, source_id, contact_id, before, after, locale_before, locale_after)
        SELECT DISTINCT %(organization)s, g.source_id, c.id, jsonb_build_object(), jsonb_build_object(), '', ''
        FROM given g JOIN contacts_contact c ON c.organization_id = %(organization)s AND c.address_key = g.address_key
        WHERE NOT EXISTS (SELECT 1 FROM contacts_importchange h WHERE h.source_id = g.source_id AND h.contact_id = c.id))
    SELECT count(*) FROM given"""
_HAND_OVER_ENTRIES = _TO_OTHERS.format(
    whose="AND s.address_key IN (SELECT address_key FROM contacts_contact WHERE id = ANY(%(ids)s))"
)
_HAND_OVER_REST = _TO_OTHERS.format(whose="")

# "Everything" counts as a word on each topic. The records of one import are its own word, the confirmation among them.
_TAKE_BACK = f"""
    WITH gone AS (
        DELETE FROM contacts_subscription s
        WHERE s.contact_id = ANY(%(ids)s) AND s.state = {SubscriptionState.SUBSCRIBED:d}
          AND %(about)s = (
              SELECT r.about FROM contacts_consentrecord r
              WHERE r.contact_id = s.contact_id AND (r.topic_id = s.topic_id OR r.topic_id IS NULL)
              ORDER BY r.id DESC LIMIT 1)
        RETURNING contact_id, topic_id),
    recorded AS (
        INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent,
                                            about, actor_id)
        SELECT %(organization)s, contact_id, topic_id, '{ConsentAction.REVERTED}', now(), %(source)s, %(wording)s, '',
               %(about)s, %(actor)s::bigint
        FROM gone)
    SELECT count(*) FROM gone"""

_TAKE_OFF = """
    WITH gone AS (
        DELETE FROM contacts_tagging WHERE contact_id = ANY(%(ids)s) AND import_id = %(import)s RETURNING 1)
    SELECT count(*) FROM gone"""

_LIFT = f"""
    WITH lifted AS (
        UPDATE contacts_suppression s SET lifted_at = now(), lifted_why = '{LIFTED}'
        FROM contacts_contact c
        WHERE c.id = ANY(%(ids)s) AND s.organization_id = %(organization)s AND s.address_key = c.address_key
          AND s.lifted_at IS NULL AND s.source = 'import' AND s.about = %(about)s
          AND NOT EXISTS (
              SELECT 1 FROM contacts_consentrecord r
              WHERE r.contact_id = c.id AND r.about <> %(about)s AND r.at > s.created_at
                AND r.action IN ('{ConsentAction.UNSUBSCRIBED}', '{ConsentAction.DISPUTED}'))
          AND NOT (s.reason IN ('{SuppressionReason.INVALID}', '{SuppressionReason.BOUNCED}') AND c.id = ANY(%(bounced)s))
          AND NOT (s.reason = '{SuppressionReason.COMPLAINED}' AND c.id = ANY(%(complained)s))
        RETURNING c.id AS contact_id, s.reason),
    recorded AS (
        INSERT INTO contacts_consentrecord (organization_id, contact_id, topic_id, action, at, source, wording, user_agent,
                                            about, actor_id)
        SELECT %(organization)s, contact_id, NULL, '{ConsentAction.REVERTED}', now(), %(source)s, %(wording)s, '', %(about)s,
               %(actor)s::bigint
        FROM lifted WHERE reason = 'unsubscribed')
    SELECT count(*) FROM lifted"""

_LIFT_REST = f"""
    WITH lifted AS (
        UPDATE contacts_suppression s SET lifted_at = now(), lifted_why = '{LIFTED}'
        WHERE s.organization_id = %(organization)s AND s.lifted_at IS NULL AND s.source = 'import' AND s.about = %(about)s
          AND NOT EXISTS (
              SELECT 1 FROM contacts_contact c
              WHERE c.organization_id = %(organization)s AND c.address_key = s.address_key)
        RETURNING 1)
    SELECT count(*) FROM lifted"""

# Deleted with its subscriptions, tags and records taken back already: what is left of those is somebody else's.
_UNTOUCHED = f"""
    SELECT c.id FROM contacts_contact c
    WHERE c.id = ANY(%(ids)s) AND c.import_id = %(import)s AND c.updated_at = c.created_at AND c.archived_at IS NULL
      AND c.form_id IS NULL
      AND NOT {_BROUGHT}
      AND NOT EXISTS (SELECT 1 FROM contacts_consentrecord r WHERE r.contact_id = c.id AND r.about <> %(about)s)
      AND NOT EXISTS (SELECT 1 FROM contacts_tagging t
                      WHERE t.contact_id = c.id AND t.import_id IS DISTINCT FROM %(import)s)
      AND NOT EXISTS (SELECT 1 FROM contacts_preference p WHERE p.contact_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM contacts_privacyrequest q
                      WHERE q.organization_id = %(organization)s AND q.contact_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM contacts_suppression s
                      WHERE s.organization_id = %(organization)s AND s.address_key = c.address_key AND s.about <> %(about)s
                        AND s.created_at > c.created_at)"""

_ARCHIVE = f"""
    WITH archived AS (
        UPDATE contacts_contact c SET archived_at = now(), updated_at = now()
        WHERE c.id = ANY(%(ids)s) AND c.import_id = %(import)s AND c.archived_at IS NULL
          AND NOT {_BROUGHT}
          AND NOT EXISTS (SELECT 1 FROM contacts_subscription s
                          WHERE s.contact_id = c.id AND s.state = {SubscriptionState.SUBSCRIBED:d})
        RETURNING 1)
    SELECT count(*) FROM archived"""

_SAMPLE = """
    SELECT c.id FROM generate_series(%(first)s::bigint, %(last)s::bigint,
                                     greatest(1, (%(last)s::bigint - %(first)s::bigint + %(size)s) / %(size)s)) n(id)
    JOIN contacts_contact c ON c.id = n.id
    WHERE c.import_id = %(import)s AND c.organization_id = %(organization)s AND c.erased_at IS NULL
    LIMIT %(size)s"""
