"""The SQL of rewriting one field's values for a batch of people. Each function is part of a transaction.

Archived people are in it (they may come back); erased ones have no values.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

NEWEST = 50_000  # people whose values are looked over for choices


@dataclass(frozen=True, slots=True)
class Change:
    """`value` None takes the field from the person; `beside` is another field that gets `beside_value`."""

    pk: int
    key: str
    value: Any
    beside: str = ""
    beside_value: str = ""


def of(organization_id: int, key: str, ids: Sequence[int], *, lock: bool) -> list[tuple[int, Any]]:
    """(person, value) of those who have one, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id, "values" -> %s FROM contacts_contact
                WHERE organization_id = %s AND id = ANY(%s) AND coalesce("values" -> %s, 'null') <> 'null'
                ORDER BY id {"FOR UPDATE" if lock else ""}""",
            [key, organization_id, list(ids), key],
        )
        return [(pk, json.loads(value)) for pk, value in cursor.fetchall()]


def distinct(organization_id: int, key: str, most: int) -> list[str]:
    """Different texts that the newest people have, the most frequent ones, by name; one more than `most` where there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT text FROM (
                   SELECT btrim("values" ->> %s) AS text FROM (
                       SELECT "values" FROM contacts_contact WHERE organization_id = %s ORDER BY id DESC LIMIT %s) newest
               ) had WHERE text <> '' GROUP BY text ORDER BY count(*) DESC, text LIMIT %s""",
            [key, organization_id, NEWEST, most + 1],
        )
        return sorted(row[0] for row in cursor.fetchall())


def of_two(organization_id: int, key: str, other: str, ids: Sequence[int], *, lock: bool) -> list[tuple[int, Any, Any]]:
    """(person, value, value of the other field) of those who have one of them; None for the one that is missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id, "values" -> %s, "values" -> %s FROM contacts_contact
                WHERE organization_id = %s AND id = ANY(%s)
                  AND coalesce("values" -> %s, "values" -> %s, 'null') <> 'null'
                ORDER BY id {"FOR UPDATE" if lock else ""}""",
            [key, other, organization_id, list(ids), key, other],
        )
        return [(pk, json.loads(one or "null"), json.loads(two or "null")) for pk, one, two in cursor.fetchall()]


def write(organization_id: int, changes: Sequence[Change]) -> None:
    """One statement for all of them; nothing else that a person has is touched."""
    if not changes:
        return
    patches = []
    for change in changes:
        patch = {} if change.value is None else {change.key: change.value}
        if change.beside:
            patch[change.beside] = change.beside_value
        patches.append(json.dumps(patch, ensure_ascii=False))
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE contacts_contact c SET "values" = (c."values" - n.key) || n.patch::jsonb, updated_at = now()
               FROM unnest(%s::bigint[], %s::text[], %s::text[]) n (id, key, patch)
               WHERE c.organization_id = %s AND c.id = n.id""",
            [[change.pk for change in changes], [change.key for change in changes], patches, organization_id],
        )


def forget_undo(organization_id: int, key: str, ids: Sequence[int]) -> None:
    """Undoing an import later must not bring back a value of the old kind: for these people the field stays as it is."""
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE contacts_importchange SET "before" = "before" - %s, "after" = "after" - %s
               WHERE organization_id = %s AND contact_id = ANY(%s) AND ("before" ? %s OR "after" ? %s)
                 AND source_id = ANY(SELECT id FROM contacts_import WHERE organization_id = %s)""",
            [key, key, organization_id, list(ids), key, key, organization_id],
        )
