"""The fields that an import makes for its new columns: planned with it, made when the plan is approved, taken away with it."""

from typing import Any

from django.db import transaction

from accounts.models import Organization, User
from contacts import values
from contacts.actions import fields
from contacts.errors import AlreadyThere, NotThisWay
from contacts.importing import meanings
from contacts.models import Import
from contacts.queries import fields as known_fields
from contacts.queries import imports


def plan(organization: Organization, mapping: list[dict[str, Any]]) -> None:
    """Give every new column of a mapping the key, label and choices that its field will have. Raises Refused."""
    new = [column for column in mapping if column["to"] == meanings.NEW]
    wanted = [values.FieldKind("", column["label"], column["kind"], tuple(column["choices"])) for column in new]
    for column, field in zip(new, fields.planned(organization=organization, wanted=wanted), strict=True):
        column |= {"key": field.key, "label": field.label, "choices": list(field.choices)}


def make(import_: Import, actor: User | None) -> None:
    """Make the planned fields; one that was made just so meanwhile, as by an import of another part, is taken instead. The
    caller saves the mapping, which says from then on which ones are its own. Raises NotThisWay."""
    fields.alone(import_.organization)
    there = {field.key: field for field in known_fields.known(import_.organization)}
    for field in imports.fields_to_be_made(import_):
        (column,) = (one for one in import_.mapping if one.get("key") == field.key)
        column["to"] = f"field:{field.key}"
        if _is_like(there.get(field.key), field):
            continue
        try:
            fields.create(
                organization=import_.organization,
                key=field.key,
                label=field.label,
                kind=field.kind,
                choices=field.choices,
                actor=actor,
            )
        except AlreadyThere as refused:
            raise NotThisWay(f"{refused} It was made since you matched the columns: match them again.") from refused
        column["made"] = True


def made(import_: Import) -> list[str]:
    """The keys of the fields that it made."""
    return [column["key"] for column in import_.mapping if column.get("made")]


@transaction.atomic
def take_away(import_: Import, actor: User | None) -> int:
    """Remove the fields that it made, as far as nobody uses them; how many."""
    fields.alone(import_.organization)
    keys = made(import_)
    gone = known_fields.untouched(import_.organization, keys, but=import_) if keys else []
    for field in gone:
        fields.remove(field=field, actor=actor)
    return len(gone)


def take_away_if_nothing_was_done(import_: Import, actor: User | None) -> None:
    """When an import ends before its first person: it cannot be taken back, for there is nothing else to take back."""
    if not import_.result:
        take_away(import_, actor)


def _is_like(there: values.FieldKind | None, planned: values.FieldKind) -> bool:
    return (
        there is not None
        and there.label.casefold() == planned.label.casefold()
        and there.kind == planned.kind
        and there.choices == planned.choices
    )
