"""Rewriting one field's values for a batch of people: the handlers of the jobs that `field_work` orders.

A batch locks its people, reads what they have now and leaves alone what fits already, so edits, imports and a second run in
between are safe. What it counts is kept in the job: converted + kept beside + dropped is everybody who had a value.
"""

from collections.abc import Sequence
from typing import Any

from accounts.actions import audit
from contacts import values
from contacts.adapters import field_values
from contacts.enums import FieldKind, JobKind
from contacts.models import Field, Job
from contacts.queries import fields as known_fields

EXAMPLES = 20
ASIDE = "aside"  # what becomes of a value that does not convert: kept as text in a field beside it
DROP = "drop"
THIS, OTHER = "this", "other"  # whose value stays where two merged fields both have one
COUNTED = {  # in Job.what["counts"]
    JobKind.CONVERT_FIELD: ("have", "fit", "converted", "lost", "shortened"),
    JobKind.MERGE_FIELDS: ("this", "other", "same", "differ"),
}


def convert_batch(job: Job, ids: Sequence[int]) -> int:
    """Of CONVERT_FIELD: how many people's values changed (or, of a check, would)."""
    field = Field.objects.select_related("organization").get(organization_id=job.organization_id, key=job.what["key"])
    step = job.what.get("step", "")
    if step == "choices":
        return _choices_batch(job, field, ids)
    only_look = step == known_fields.CHECK
    target = values.FieldKind(
        field.key,
        field.label,
        job.what["to"],
        tuple(job.what["choices"]),
        job.what["date_order"],
        field.organization.time_zone,
    )
    counts, changes = dict(job.what["counts"]), []
    for pk, value in field_values.of(field.organization_id, field.key, ids, lock=not only_look):
        counts["have"] += 1
        try:
            new = values.convert(target, value)
        except values.BadValue as bad:
            counts["lost"] += 1
            _keep_example(job, pk, values.shown(target, value), str(bad))
            changes.append(_put_aside(job, field, pk, value))
            continue
        if new == value and type(new) is type(value):
            counts["fit"] += 1
            continue
        counts["converted"] += 1
        counts["shortened"] += _is_shortened(target, value, new)
        changes.append(field_values.Change(pk, field.key, new))
    if not only_look:
        _write(field, changes)
    job.what["counts"] = counts
    job.save(update_fields=["what"])
    return len(changes)


def merge_batch(job: Job, ids: Sequence[int]) -> int:
    """Of MERGE_FIELDS: how many people get (or would get) another value."""
    field = Field.objects.select_related("organization").get(organization_id=job.organization_id, key=job.what["key"])
    kind = known_fields.kind_of(field, field.organization)
    only_look = job.what.get("step") == known_fields.CHECK
    if only_look and kind.choices:
        other = Field.objects.get(organization_id=job.organization_id, key=job.what["other"])
        kind = values.FieldKind(kind.key, kind.label, kind.kind, (*kind.choices, *map(str, other.choices)))
    counts, changes = dict(job.what["counts"]), []
    people = field_values.of_two(field.organization_id, field.key, job.what["other"], ids, lock=not only_look)
    for pk, mine, theirs in people:
        if theirs is None:
            counts["this"] += mine is not None
            continue
        new = values.convert(kind, theirs)
        if mine is None:
            counts["other"] += 1
        elif mine == new:
            counts["same"] += 1
            continue
        else:
            counts["differ"] += 1
            _keep_example(job, pk, values.shown(kind, mine), values.shown(kind, theirs))
            if job.what["wins"] == THIS:
                continue
        changes.append(field_values.Change(pk, field.key, new))
    if not only_look:
        _write(field, changes)
    job.what["counts"] = counts
    job.save(update_fields=["what"])
    return len(changes)


def _choices_batch(job: Job, field: Field, ids: Sequence[int]) -> int:
    instead: dict[str, str | None] = job.what["instead"]
    order = [str(one) for one in field.choices]
    changes = []
    for pk, value in field_values.of(field.organization_id, field.key, ids, lock=True):
        if isinstance(value, list):
            wanted = {instead.get(one, one) for one in value}
            new: Any = [one for one in order if one in wanted] or None
        else:
            new = instead.get(value, value) if isinstance(value, str) else value
        if new != value:
            changes.append(field_values.Change(pk, field.key, new))
    _write(field, changes)
    return len(changes)


def _write(field: Field, changes: Sequence[field_values.Change]) -> None:
    field_values.write(field.organization_id, changes)
    field_values.forget_undo(field.organization_id, field.key, [change.pk for change in changes])


def _put_aside(job: Job, field: Field, pk: int, value: Any) -> field_values.Change:
    """The value leaves the field: into the one beside it, or for good where somebody has decided so."""
    if job.what.get("step") == known_fields.CHECK or job.what["lost"] == DROP:
        return field_values.Change(pk, field.key, None)
    beside = job.what.get("beside")
    if beside is None:
        made = _make_beside(field)
        beside = job.what["beside"] = made.key
    kind = known_fields.kind_of(field, field.organization)
    return field_values.Change(pk, field.key, None, beside, values.shown(kind, value)[: values.MAX_TEXT])


def _make_beside(field: Field) -> Field:
    """A text field for what did not convert. Made even where there are as many fields as there may be: nothing is lost."""
    known = known_fields.known(field.organization, archived=True)
    labels = {one.label.casefold() for one in known}
    label, n = f"{field.label[:100]} (not converted)", 1
    while label.casefold() in labels:
        n += 1
        label = f"{field.label[:100]} (not converted {n})"
    made = Field.objects.create(
        organization=field.organization,
        key=values.key_from(label, {one.key for one in known}),
        label=label,
        kind=FieldKind.TEXT,
        position=field.position,
    )
    audit.record(organization=field.organization, verb="contacts.field_created", target=made, data={"key": made.key})
    return made


def _keep_example(job: Job, pk: int, value: str, why: str) -> None:
    examples = job.what.setdefault("examples", [])
    if len(examples) < EXAMPLES and all(one["value"] != value[:200] for one in examples):
        examples.append({"id": pk, "value": value[:200], "why": why[:200]})


def _is_shortened(target: values.FieldKind, value: Any, new: Any) -> bool:
    """A moment that becomes a day loses its time."""
    return target.kind == FieldKind.DATE and isinstance(value, str) and "T" in value and len(str(new)) < len(value)
