"""The typed fields that an organization keeps about its people: making, naming, ordering, archiving. Values: field_work.

Policy: a field's key never changes and is never used again, because designs, segments and forms name it. An archived field
is asked for nowhere any more and goes on working where it is used.
"""

from collections.abc import Sequence

from django.db import transaction
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
    label = clean_label(label)
    known = known_fields.known(organization, archived=True)
    taken = {field.key for field in known}
    check_room(organization=organization, wanted=1)
    if kind not in FieldKind.values:
        raise Refused(f"There is no kind of field called {kind[:20]!r}.")
    _check_label(organization, label)
    if key and (key in taken or not values.is_key(key)):
        raise AlreadyThere(f"The key {key} is taken, or is not made of a-z, 0-9 and _.")
    field = Field.objects.create(
        organization=organization,
        key=key or values.key_from(label, taken),
        label=label,
        kind=kind,
        choices=clean_choices(choices or []) if kind in LISTED else [],
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


def check_room(*, organization: Organization, wanted: int) -> None:
    """Raise Refused, with the numbers, unless that many new fields may still be made."""
    have = len(known_fields.keys(organization))
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
        raise Refused(f"{str(bad)[:1].upper()}{str(bad)[1:]}.") from bad


def _check_label(organization: Organization, label: str, but: str = "") -> None:
    for field in known_fields.known(organization):
        if field.key != but and field.label.casefold() == label.casefold():
            raise AlreadyThere(f"There is a field called {field.label} already.")


def _last_position(organization: Organization) -> int:
    return Field.objects.filter(organization=organization).aggregate(last=Max("position"))["last"] or 0
