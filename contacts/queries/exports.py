"""People as rows of a file: everything that we know of each, with topics, tags, consent and do-not-send entries.

Read piece by piece: a million people never stand in memory, and no transaction lasts as long as the download.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Organization
from contacts.enums import ConsentAction, ConsentSource, SubscriptionState, SuppressionReason
from contacts.models import Contact, Topic
from contacts.queries import fields, filters, people
from contacts.values import FieldKind

PIECE = 5_000  # people
STATES: dict[int, str] = dict(SubscriptionState.choices)
ACTIONS: dict[str, str] = dict(ConsentAction.choices)
SOURCES: dict[str, str] = dict(ConsentSource.choices)
REASONS: dict[str, str] = dict(SuppressionReason.choices)
Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of an export, fixed when it begins."""

    kinds: list[FieldKind]
    topics: list[Topic]

    @property
    def header(self) -> list[str]:
        own = [kind.label for kind in self.kinds]
        about_topics = [
            f"{topic.name}: {said}"
            for topic in self.topics
            for said in ("state", "since", "how we know", "their words")
        ]
        return ["E-mail address", *own, "Language", "State", "Do not send", "Tags", *about_topics, *LAST]


LAST = ("Source", "Added", "Changed", "Id")


def sheet(organization: Organization) -> Sheet:
    """What an export has columns for now: every field, archived ones too, and every topic."""
    return Sheet(
        kinds=fields.known(organization, archived=True),
        topics=list(Topic.objects.filter(organization=organization).order_by("archived_at", "name", "pk")),
    )


def ceiling(organization: Organization) -> int:
    """The highest id now: people who come later are not in the export."""
    return Contact.objects.filter(organization=organization).order_by("-pk").values_list("pk", flat=True).first() or 0


def piece(
    organization: Organization, chosen: dict[str, Any], columns: Sheet, *, after: int, until: int
) -> tuple[list[list[Cell]], int, bool]:
    """The rows of the next people after that id, how far that was, and whether there may be more. `chosen` as Job.people."""
    if "ids" in chosen:
        ids = sorted(one for one in chosen["ids"] if one > after)
        return rows(organization, ids[:PIECE], columns), ids[PIECE - 1] if len(ids) > PIECE else after, len(ids) > PIECE
    fits = filters.condition(organization, filters.read(organization, chosen["filter"]))
    ids, end, more = people.stretch(organization, fits, after=after, until=until, size=PIECE)
    return rows(organization, ids, columns), end, more


def rows(organization: Organization, ids: Sequence[int], columns: Sheet) -> list[list[Cell]]:
    """One row a person, by id."""
    if not ids:
        return []
    people = _of(
        """SELECT c.id, c.address, c.address_key, c."values"::text, c.locale, c.source, c.archived_at, c.created_at,
                  c.updated_at
           FROM these JOIN contacts_contact c USING (id)
           WHERE c.organization_id = %s AND c.erased_at IS NULL ORDER BY c.id""",
        ids,
        organization.pk,
    )
    tags: dict[int, list[str]] = defaultdict(list)
    for pk, name in _of(
        """SELECT t.contact_id, tag.name FROM these JOIN contacts_tagging t ON t.contact_id = these.id
           JOIN contacts_tag tag ON tag.id = t.tag_id ORDER BY tag.name""",
        ids,
    ):
        tags[pk].append(name)
    stands = {
        (pk, topic): (state, changed)
        for pk, topic, state, changed in _of(
            """SELECT s.contact_id, s.topic_id, s.state, s.changed_at FROM these
               JOIN contacts_subscription s ON s.contact_id = these.id""",
            ids,
        )
    }
    consents = {
        (pk, topic): rest
        for pk, topic, *rest in _of(
            """SELECT DISTINCT ON (r.contact_id, r.topic_id) r.contact_id, r.topic_id, r.action, r.source, r.at, r.wording
               FROM these JOIN contacts_consentrecord r ON r.contact_id = these.id
               ORDER BY r.contact_id, r.topic_id, r.id DESC""",
            ids,
        )
    }
    listed: dict[str, list[str]] = defaultdict(list)
    for key, reason, topic in _of(
        """SELECT x.address_key, x.reason, x.topic_id FROM these JOIN contacts_contact c USING (id)
           JOIN contacts_suppression x ON x.organization_id = c.organization_id AND x.address_key = c.address_key
           WHERE x.lifted_at IS NULL ORDER BY x.id""",
        ids,
    ):
        listed[key].append(REASONS.get(reason, reason) + (" (one topic)" if topic else ""))
    made = []
    for pk, address, key, values, locale, source, archived, created, changed in people:
        known = json.loads(values)
        row: list[Cell] = [address, *(_cell(known.get(kind.key)) for kind in columns.kinds), locale]
        row += ["archived" if archived else "", "; ".join(dict.fromkeys(listed[key])) if key in listed else ""]
        row.append("; ".join(tags[pk]) if pk in tags else "")
        for topic in columns.topics:
            row += _standing(stands.get((pk, topic.pk)), consents.get((pk, topic.pk)))
        made.append([*row, source, _at(created), _at(changed), pk])
    return made


def _of(sql: str, ids: Sequence[int], *params: Any) -> list[Any]:
    """Rows about `these` people: joined as a table, for a long list of ids is compared one by one."""
    with connection.cursor() as cursor:
        cursor.execute(f"WITH these AS (SELECT unnest(%s::bigint[]) AS id) {sql}", [list(ids), *params])
        return cursor.fetchall()


def _standing(row: tuple[int, datetime] | None, consent: list[Any] | None) -> list[Cell]:
    state, since = (STATES[row[0]], _at(row[1])) if row else ("", "")
    if consent is None:
        return [state, since, "", ""]
    action, source, at, wording = consent
    return [state, since, f"{ACTIONS.get(action, action)}, {SOURCES.get(source, source)}, {_at(at)}", wording]


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, (int, float)) else str(value)


def _at(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
