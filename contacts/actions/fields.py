"""The typed fields that an organization keeps about its people: making, naming, ordering, archiving. Values: field_work.

Policy: a field's key never changes and is never used again, because designs, segments and forms name it; only a field that an
import made and nobody uses is removed with that import. An archived field is asked for nowhere any more and goes on working
where it is used.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts import values
from contacts.enums import FieldKind
from contacts.errors import AlreadyThere, NotThisWay, Refused
from contacts.models import Field
from contacts.queries import fields as known_fields

MAX_FIELDS = 150
LISTED = (FieldKind.CHOICE, FieldKind.MULTI)
_LOCK = 7_308_116  # of the making of fields: two approvals could make the same one


@transaction.atomic
def create(
    *,
    organization: Organization,
    label: str,
    kind: str,
    actor: User | None,
    key: str = "",
    choices: Sequence[str] | None = None,
) -> Field:
    """Make a field. The key comes from the label if none is given. Raises AlreadyThere, Refused."""
    alone(organization)
    (wanted,) = planned(organization=organization, wanted=[values.FieldKind(key, label, kind, tuple(choices or ()))])
    field = Field.objects.create(
        organization=organization,
        key=wanted.key,
        label=wanted.label,
        kind=wanted.kind,
        choices=list(wanted.choices),
        position=_last_position(organization) + 1,
    )
    audit.record(
        organization=organization,
        actor=actor,
        verb="contacts.field_created",
        target=field,
        data={"key": field.key, "kind": kind},
    )
    return field


def alone(organization: Organization) -> None:
    """Until the transaction ends nobody else makes or removes fields of the organization: who looks may go by what is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, organization.pk])


def planned(*, organization: Organization, wanted: Sequence[values.FieldKind]) -> list[values.FieldKind]:
    """Fields as they would be made: cleaned, and each with a key if it names none. Raises AlreadyThere, Refused."""
    rows = known_fields.rows(organization, archived=True)
    keys = {row.key for row in rows}
    labels = {row.label.casefold(): row.label for row in rows if row.archived_at is None}
    _check_room(len(keys), len(wanted))
    ready = []
    for one in wanted:
        label = clean_label(one.label)
        if one.kind not in FieldKind.values:
            raise Refused(f"There is no kind of field called {one.kind[:20]!r}.")
        if label.casefold() in labels:
            raise AlreadyThere(f"There is a field called {labels[label.casefold()]} already.")
        if one.key and (one.key in keys or not values.is_key(one.key)):
            raise AlreadyThere(f"The key {one.key} is taken, or is not made of a-z, 0-9 and _.")
        key = one.key or values.key_from(label, keys)
        keys.add(key)
        labels[label.casefold()] = label
        choices = tuple(clean_choices(one.choices)) if one.kind in LISTED else ()
        ready.append(replace(one, key=key, label=label, choices=choices))
    return ready


def _check_room(have: int, wanted: int) -> None:
    if have + wanted <= MAX_FIELDS:
        return
    room = max(0, MAX_FIELDS - have)
    if wanted == 1:
        raise Refused(f"There are {have:,} fields already (archived ones count), as many as there may be.")
    raise Refused(
        f"That would make {wanted:,} new fields, and there is room for {room}: an organization has {MAX_FIELDS} at most. "
        "Skip the columns that you do not need."
    )


@transaction.atomic
def rename(*, field: Field, label: str, actor: User | None) -> None:
    """Give a field another name on pages; its key stays. Raises AlreadyThere, Refused."""
    field = kept(field)
    label = clean_label(label)
    if label == field.label:
        return
    _check_label(field.organization, label, but=field.key)
    before, field.label = field.label, label
    field.save(update_fields=["label"])
    audit.record(
        organization=field.organization,
        actor=actor,
        verb="contacts.field_renamed",
        target=field,
        data={"key": field.key, "before": before},
    )


@transaction.atomic
def order(*, organization: Organization, keys: Sequence[str], actor: User | None) -> None:
    """Put the fields into this order; those that are not named stay behind them, in the order that they have."""
    rows = {
        field.key: field if field.pk else kept(field)
        for field in known_fields.rows(organization, archived=True)
        if field.archived_at is None
    }
    named = [key for key in dict.fromkeys(keys) if key in rows]
    wanted = [*named, *(key for key in rows if key not in named)]
    moved = [row for position, key in enumerate(wanted, 1) if (row := rows[key]).position != position]
    for position, key in enumerate(wanted, 1):
        rows[key].position = position
    if moved:
        Field.objects.bulk_update(moved, ["position"])
        audit.record(organization=organization, actor=actor, verb="contacts.fields_ordered", data={"order": wanted})


def move(*, field: Field, by: int, actor: User | None) -> None:
    """One place up (-1) or down (1)."""
    keys = [row.key for row in known_fields.rows(field.organization)]
    if field.key not in keys:
        return
    here = keys.index(field.key)
    there = min(max(here + by, 0), len(keys) - 1)
    keys.insert(there, keys.pop(here))
    order(organization=field.organization, keys=keys, actor=actor)


@transaction.atomic
def archive(*, field: Field, actor: User | None) -> None:
    """Ask for a field nowhere any more. Its values stay, and where it is used it goes on working. Raises NotThisWay."""
    if field.key in known_fields.STANDARD:
        raise NotThisWay(f"Everybody has a {field.label.lower()}: this field cannot be archived.")
    field = kept(field)
    if field.archived_at is None:
        field.archived_at = timezone.now()
        field.save(update_fields=["archived_at"])
        audit.record(
            organization=field.organization,
            actor=actor,
            verb="contacts.field_archived",
            target=field,
            data={"key": field.key},
        )


@transaction.atomic
def restore(*, field: Field, actor: User | None) -> None:
    """Ask for it again. Raises AlreadyThere if another field has taken the name."""
    field = kept(field)
    if field.archived_at is None:
        return
    _check_label(field.organization, field.label, but=field.key)
    field.archived_at, field.position = None, _last_position(field.organization) + 1
    field.save(update_fields=["archived_at", "position"])
    audit.record(
        organization=field.organization,
        actor=actor,
        verb="contacts.field_restored",
        target=field,
        data={"key": field.key},
    )


@transaction.atomic
def remove(*, field: Field, actor: User | None) -> None:
    """Remove a field that was made by mistake and of which known_fields.untouched says that nobody uses it."""
    audit.record(
        organization=field.organization,
        actor=actor,
        verb="contacts.field_removed",
        target=field,
        data={"key": field.key},
    )
    field.delete()


def kept(field: Field) -> Field:
    """The field's row, locked; the row of a field that everybody has is made now. Within a transaction."""
    if field.pk is None:
        field, _ = Field.objects.get_or_create(
            organization=field.organization, key=field.key, defaults={"label": field.label, "kind": field.kind}
        )
    return Field.objects.select_for_update().select_related("organization").get(pk=field.pk)


def clean_label(label: str) -> str:
    label = " ".join(label.replace("\x00", "").split())[:120]
    if not label:
        raise Refused("A field needs a name.")
    return label


def clean_choices(names: Sequence[str]) -> list[str]:
    """Raises Refused."""
    try:
        return values.clean_choices(names)
    except values.BadValue as bad:
        raise Refused(bad.sentence) from bad


def _check_label(organization: Organization, label: str, but: str = "") -> None:
    for field in known_fields.known(organization):
        if field.key != but and field.label.casefold() == label.casefold():
            raise AlreadyThere(f"There is a field called {field.label} already.")


def _last_position(organization: Organization) -> int:
    return Field.objects.filter(organization=organization).aggregate(last=Max("position"))["last"] or 0
