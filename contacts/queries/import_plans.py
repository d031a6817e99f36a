"""The plan of an import as its page shows it: what would change, with examples, and the people behind each of its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from contacts import values
from contacts.enums import FieldKind, RowNote, RowStatus, RowVerdict
from contacts.models import Contact, Import, ImportRow, Tag
from contacts.queries import imports

PAGE = 50
EXAMPLES = 3
LOOKED_AT = 300  # changed rows that examples are taken from
SHOWN_FIELDS = 12
COUNTING = (RowVerdict.NEW, RowVerdict.CHANGED, RowVerdict.UNCHANGED)
GOOD = Q(verdict__in=COUNTING)


@dataclass(frozen=True, slots=True)
class Kind:
    """A number of the plan: its title, and which rows it counts."""

    title: str
    rows: Q
    verdicts: Sequence[RowVerdict] = ()  # asked one after the other, as each has its rows in order in the index


def _marked(bit: RowNote) -> Q:
    """Rows with this bit; `note > 0` lets the index of what is worth a look find them."""
    return GOOD & Q(note__gt=0, note__in=[note for note in range(2 * max(RowNote)) if note & bit])


KINDS: Mapping[str, Kind] = {
    "new": Kind("New people", Q(verdict=RowVerdict.NEW)),
    "changed": Kind("Known, with something new about them", Q(verdict=RowVerdict.CHANGED)),
    "unchanged": Kind("Known, nothing new", Q(verdict=RowVerdict.UNCHANGED)),
    "duplicate": Kind("Twice in the file", Q(verdict=RowVerdict.DUPLICATE)),
    "invalid": Kind("Cannot be used", Q(verdict=RowVerdict.INVALID)),
    "suppressed": Kind("On the do-not-send list, and staying there", _marked(RowNote.LISTED)),
    "unsubscribed": Kind("Had unsubscribed, and staying so", _marked(RowNote.LEFT)),
    "archived": Kind("Archived, and staying so", _marked(RowNote.ARCHIVED)),
    "erased": Kind("Asked to be forgotten", _marked(RowNote.ERASED)),
    "typos": Kind("Likely typing mistakes", _marked(RowNote.TYPO)),
    "roles": Kind("Role addresses", _marked(RowNote.ROLE)),
    "no_to_all": Kind("Unsubscribed in another row", _marked(RowNote.REFUSED)),
    "pending": Kind("Never confirmed", GOOD & Q(status__gt=1, status=RowStatus.PENDING)),
    "consent_at": Kind("With the time of their consent", Q(extra__has_key="at"), COUNTING),
    "consent_ip": Kind("With the address they consented from", Q(extra__has_key="ip"), COUNTING),
    "confirmed": Kind("With a confirmation of their own", Q(extra__has_key="confirmed_at"), COUNTING),
    **{
        f"listing-{status:d}": Kind(
            f"{RowStatus(status).label}: onto the do-not-send list",
            Q(status__gt=1, status=status) & ~Q(verdict=RowVerdict.INVALID),
        )
        for status in RowStatus
        if status not in (RowStatus.NONE, RowStatus.SUBSCRIBED, RowStatus.PENDING)
    },
}


@dataclass(slots=True)
class Shown:
    """A row as the preview shows it. `file` and `line`: where it stands. `changes`: (label, before, after)."""

    row: ImportRow
    file: str
    line: int
    facts: Sequence[tuple[str, str]]
    changes: Sequence[tuple[str, str, str]]

    @property
    def notes(self) -> list[str]:
        return [str(note.label) for note in RowNote if self.row.note & note]

    @property
    def hint(self) -> str:
        """The address that was probably meant."""
        meant = (self.row.extra or {}).get("hint", "")
        return f"{self.row.address.rpartition('@')[0]}@{meant}" if meant else ""


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Shown]
    next: int | None = None
    previous: int | None = None


def tags_to_be_made(import_: Import) -> list[str]:
    """Names of tags of the plan and for everybody that the organization does not have yet, by name."""
    names = [*import_.plan.get("tags", {}), *import_.tags]
    if not names:
        return []
    there = {
        tag.lower()
        for tag in Tag.objects.filter(organization_id=import_.organization_id).values_list("name", flat=True)
    }
    return sorted({name for name in names if name.lower() not in there}, key=str.casefold)


def new_fields(import_: Import) -> list[tuple[str, str]]:
    """(name, kind in words) of the fields that approving it makes."""
    return [(field.label, FieldKind(field.kind).label) for field in imports.fields_to_be_made(import_)]


def listing(import_: Import) -> list[tuple[str, str, int]]:
    """(kind, words, n) of the rows that go onto the do-not-send list."""
    counted = import_.plan.get("listing", {})
    return [
        (f"listing-{status}", str(RowStatus(int(status)).label), n)
        for status, n in sorted(counted.items(), key=lambda pair: -pair[1])
    ]


def changed_fields(import_: Import) -> list[dict[str, Any]]:
    """The fields that change, the ones of the most people first: label, n, and a few examples (before, after)."""
    counted: list[tuple[str, int]] = [(key, n) for key, n in import_.plan.get("fields", [])]
    if import_.plan.get("languages"):
        counted.append(("", import_.plan["languages"]))
    if not counted:
        return []
    rows = list(_rows(import_, KINDS["changed"]).order_by("line")[:LOOKED_AT])
    known = _known(import_, rows)
    examples: dict[str, list[tuple[str, str]]] = {}
    kinds = imports.kinds(import_)
    for row in rows:
        for key, before, after in _changes(row, known.get(row.address_key), kinds):
            pairs = examples.setdefault(key, [])
            if len(pairs) < EXAMPLES and (before, after) not in pairs:
                pairs.append((before, after))
    return [
        {"label": kinds[key].label if key in kinds else key or "Language", "n": n, "examples": examples.get(key, [])}
        for key, n in sorted(counted, key=lambda pair: -pair[1])[:SHOWN_FIELDS]
    ]


def behind(import_: Import, kind: str, *, after: int | None = None, before: int | None = None) -> Page:
    """The rows behind one number of the plan, in the order of the file."""
    order, edge = ("-line", Q(line__lt=before)) if before is not None else ("line", Q(line__gt=after or 0))
    rows = _rows(import_, KINDS[kind]).filter(edge).order_by(order)
    parts = [rows.filter(verdict=verdict) for verdict in KINDS[kind].verdicts] or [rows]
    found = [row for part in parts for row in part[: PAGE + 1]]
    found = sorted(found, key=lambda row: row.line, reverse=before is not None)[: PAGE + 1]
    more, found = len(found) > PAGE, sorted(found[:PAGE], key=lambda row: row.line)
    has_before, has_after = (more, True) if before is not None else (after is not None, more)
    known = _known(import_, found)
    kinds = imports.kinds(import_)
    shown = []
    for row in found:
        file, line = imports.spot(import_, row.line)
        facts = [
            (kinds[key].label if key in kinds else key, _said(kinds, key, value)) for key, value in row.values.items()
        ]
        changes = [
            (kinds[key].label if key in kinds else key or "Language", had, new)
            for key, had, new in _changes(row, known.get(row.address_key), kinds)
        ]
        shown.append(Shown(row, file, line, facts, changes if row.verdict == RowVerdict.CHANGED else ()))
    return Page(
        shown,
        next=found[-1].line if found and has_after else None,
        previous=found[0].line if found and has_before else None,
    )


def _rows(import_: Import, kind: Kind) -> Any:
    return ImportRow.objects.filter(source=import_).filter(kind.rows)


def _known(import_: Import, rows: Sequence[ImportRow]) -> dict[str, Contact]:
    keys = [row.address_key for row in rows if row.verdict == RowVerdict.CHANGED]
    if not keys:
        return {}
    found = Contact.objects.filter(organization_id=import_.organization_id, address_key__in=keys)
    return {contact.address_key: contact for contact in found}


def _changes(
    row: ImportRow, contact: Contact | None, kinds: Mapping[str, values.FieldKind]
) -> list[tuple[str, str, str]]:
    """(key, before, after) of what the row changes about a person; the language's key is ""."""
    if contact is None:
        return []
    changes = [
        (key, _said(kinds, key, contact.values.get(key)), _said(kinds, key, value))
        for key, value in row.values.items()
        if contact.values.get(key) != value
    ]
    if row.locale and row.locale != contact.locale:
        changes.append(("", contact.locale, row.locale))
    return changes


def _said(kinds: Mapping[str, values.FieldKind], key: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    return values.shown(kinds[key], value) if key in kinds else str(value)
