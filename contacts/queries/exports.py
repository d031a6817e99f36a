"""People as rows of a file: everything that we know of each, with topics, tags, consent and do-not-send entries.

Read piece by piece: a million people never stand in memory, and no transaction lasts as long as the download.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Organization
from contacts.enums import ConsentAction, ConsentSource, SubscriptionState
from contacts.models import ConsentRecord, Contact, Subscription, Suppression, Tagging, Topic
from contacts.queries import fields, filters, people
from contacts.values import FieldKind

PIECE = 2_000  # people
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
        return ["Address", *own, "Language", "State", "Do not send", "Tags", *about_topics, *LAST]


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
    found = list(Contact.objects.filter(organization=organization, pk__in=ids, erased_at=None).order_by("pk"))
    tags: dict[int, list[str]] = defaultdict(list)
    for pk, name in (
        Tagging.objects.filter(contact_id__in=ids).order_by("tag__name").values_list("contact_id", "tag__name")
    ):
        tags[pk].append(name)
    stands = {
        (row.contact_id, row.topic_id): row
        for row in Subscription.objects.filter(contact_id__in=ids).defer("organization")
    }
    consents = {
        (pk, topic): (action, source, at, wording)
        for pk, topic, action, source, at, wording in ConsentRecord.objects.filter(contact_id__in=ids)
        .order_by("contact_id", "topic_id", "-pk")
        .distinct("contact_id", "topic_id")
        .values_list("contact_id", "topic_id", "action", "source", "at", "wording")
    }
    listed: dict[str, list[str]] = defaultdict(list)
    for entry in Suppression.objects.filter(
        organization=organization, address_key__in=[contact.address_key for contact in found], lifted_at=None
    ).order_by("pk"):
        listed[entry.address_key].append(entry.get_reason_display() + (" (one topic)" if entry.topic_id else ""))
    return [
        [
            contact.address,
            *(_cell(contact.values.get(kind.key)) for kind in columns.kinds),
            contact.locale,
            "archived" if contact.archived_at else "",
            "; ".join(dict.fromkeys(listed[contact.address_key])),
            "; ".join(tags[contact.pk]),
            *(
                cell
                for topic in columns.topics
                for cell in _standing(stands.get((contact.pk, topic.pk)), consents.get((contact.pk, topic.pk)))
            ),
            contact.source,
            _at(contact.created_at),
            _at(contact.updated_at),
            contact.pk,
        ]
        for contact in found
    ]


def _standing(row: Subscription | None, consent: tuple[str, str, datetime, str] | None) -> list[Cell]:
    state = SubscriptionState(row.state).label if row else ""
    if consent is None:
        return [state, _at(row.changed_at) if row else "", "", ""]
    action, source, at, wording = consent
    known = f"{_label(ConsentAction, action)}, {_label(ConsentSource, source)}, {_at(at)}"
    return [state, _at(row.changed_at) if row else "", known, wording]


def _label(words: Any, value: str) -> str:
    return str(words(value).label) if value in words.values else value


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, (int, float)) else str(value)


def _at(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
