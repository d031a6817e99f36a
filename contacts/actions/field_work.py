"""Rewriting the values of a field for everybody: converting it to another kind, merging another field into it, renaming
or removing choices. For a few people at once, for many as a job that any worker can go on with.

Policy: nothing is lost without a word. A check that changes nothing comes first and counts, with examples, what would not
convert; then somebody decides whether it is kept as text in a field beside it or dropped; converted + kept + dropped is
always everybody who had a value.

Policy: the field has its new kind from the first moment, so whatever is written meanwhile is of the new kind; values that
are not reached yet keep their old form, which every reader shows and no writer destroys.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.models import User
from contacts import values
from contacts.actions import fields, job_work, jobs
from contacts.actions.field_batches import ASIDE, COUNTED, DROP, OTHER, THIS
from contacts.adapters import field_values
from contacts.enums import FieldKind, JobKind, JobState
from contacts.errors import NotThisWay, Refused
from contacts.models import Field, Job
from contacts.queries import fields as known_fields


@dataclass(frozen=True, slots=True)
class Target:
    """What a field shall become."""

    kind: str
    choices: tuple[str, ...] = ()
    date_order: str = "ymd"


# --- Converting -------------------------------------------------------------------------------------------------------
@transaction.atomic
def check_conversion(*, field: Field, target: Target, actor: User | None) -> Job:
    """Count what converting would do; the job's `what["counts"]` and `what["examples"]` say it. Raises Refused."""
    field = fields.kept(field)
    if field.key in known_fields.STANDARD:
        raise NotThisWay(f"Everybody's {field.label.lower()} is a text and stays one.")
    target = _clean(field, target)
    if target.kind == field.kind:
        raise NotThisWay(f"{field.label} is of that kind already.")
    what = {"key": field.key, "to": target.kind, "choices": list(target.choices), "date_order": target.date_order}
    return _start(field, JobKind.CONVERT_FIELD, f"See what converting {field.label} would do", what, actor, check=True)


@transaction.atomic
def convert(*, check: Job, lost: str, actor: User | None) -> Job:
    """Convert the field as it was checked; `lost` is ASIDE or DROP. Raises Refused."""
    field = _field_of(check)
    _refuse_while_busy(field)
    if check.state != JobState.DONE:
        raise NotThisWay("The check is not over yet.")
    if lost not in (ASIDE, DROP):
        raise Refused("Say what becomes of the values that do not convert.")
    if lost == DROP and check.what.get("counts", {}).get("lost", 0) == 0:
        lost = ASIDE  # nobody has seen a value that would be dropped
    before, field.kind = field.kind, check.what["to"]
    if before == field.kind:
        raise NotThisWay(f"{field.label} is of that kind already.")
    field.choices = check.what["choices"]
    field.save(update_fields=["kind", "choices"])
    audit.record(
        organization=field.organization,
        actor=actor,
        verb="contacts.field_converted",
        target=field,
        data={"key": field.key, "before": before, "after": field.kind, "not_converting": lost},
    )
    what = {name: check.what[name] for name in ("key", "to", "choices", "date_order")} | {"lost": lost, "was": before}
    return _start(field, JobKind.CONVERT_FIELD, f"Convert {field.label} to {_kind_words(field)}", what, actor)


@transaction.atomic
def go_on(*, job: Job, actor: User | None) -> Job:
    """Take up again what was cancelled or failed half-way. Raises NotThisWay."""
    if job.state not in (JobState.CANCELLED, JobState.FAILED) or job.what.get("step") == known_fields.CHECK:
        raise NotThisWay("There is nothing to go on with.")
    field = _field_of(job)
    _refuse_while_busy(field)
    what = {name: value for name, value in job.what.items() if name not in ("counts", "examples", "step")}
    return _start(field, JobKind(job.kind), job.title, what, actor, step=job.what.get("step", ""))


def choices_there_are(*, field: Field, kind: str) -> list[str]:
    """The values that people have, as choices; of the newest ones where there are many people. Raises Refused."""
    texts = field_values.distinct(field.organization_id, field.key, values.MAX_CHOICES)
    if kind == FieldKind.MULTI:
        texts = sorted({part.strip() for text in texts for part in re.split(r"[;|,\r\n]", text)} - {""})
    if not texts:
        raise Refused("Nobody has a value yet: write the choices.")
    return fields.clean_choices(texts)


# --- Choices ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def set_choices(
    *, field: Field, renamed: Mapping[str, str], removed: Mapping[str, str], added: Sequence[str], actor: User | None
) -> Job | None:
    """Rename, remove and add choices. `removed` says what stands in the place of each ("" leaves it empty), `renamed`
    the new names. People's values follow; None if nobody's have to. Raises Refused.
    """
    field = fields.kept(field)
    if field.kind not in fields.LISTED:
        raise NotThisWay(f"{field.label} has no list of choices.")
    _refuse_while_busy(field)
    before = [str(one) for one in field.choices]
    renamed = {old: " ".join(new.split()) for old, new in renamed.items() if " ".join(new.split()) != old}
    if stray := [one for one in (*renamed, *removed) if one not in before]:
        raise Refused(f"“{stray[0]}” is no choice of {field.label} any more. Look at the page again.")
    for old, new in renamed.items():
        if old not in removed and not new:
            raise Refused(f"“{old}” needs a name, or remove it.")
        if any(new.casefold() == one.casefold() != old.casefold() for one in before):
            raise Refused(f"There is a choice “{new}” already. Remove “{old}” and put “{new}” in its place.")
    after = [renamed.get(one, one) for one in before if one not in removed]
    clean = fields.clean_choices([*after, *added])
    if len({one.casefold() for one in after}) < len(after):
        raise Refused("Two choices cannot have the same name.")
    instead: dict[str, str | None] = {}
    for old, new in removed.items():
        new = renamed.get(new, new)
        if new and new not in clean:
            raise Refused(f"“{new}” cannot stand in the place of “{old}”: it is no choice.")
        instead[old] = new or None
    instead |= {old: clean[_index(clean, new)] for old, new in renamed.items() if old not in removed}
    if clean == before:
        return None
    field.choices = clean
    field.save(update_fields=["choices"])
    audit.record(
        organization=field.organization,
        actor=actor,
        verb="contacts.field_choices_changed",
        target=field,
        data={"key": field.key, "before": before, "after": clean, "instead": instead},
    )
    if not instead:
        return None
    what = {"key": field.key, "instead": instead}
    return _start(field, JobKind.CONVERT_FIELD, f"Rewrite the choices of {field.label}", what, actor, step="choices")


# --- Merging ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def check_merge(*, field: Field, other: Field, wins: str, actor: User | None) -> Job:
    """Count what copying the values of `other` into `field` would do. Raises Refused."""
    field, other = fields.kept(field), fields.kept(other)
    _refuse_unmergeable(field, other)
    if wins not in (THIS, OTHER):
        raise Refused("Say whose value stays where a person has both.")
    what = {"key": field.key, "other": other.key, "wins": wins}
    return _start(field, JobKind.MERGE_FIELDS, f"See what merging {other.label} would do", what, actor, check=True)


@transaction.atomic
def merge(*, check: Job, actor: User | None) -> Job:
    """Merge as it was checked: `other` is archived and keeps its values, so that nothing that uses it breaks.

    Raises Refused.
    """
    field = _field_of(check)
    other = Field.objects.select_for_update().get(organization=field.organization, key=check.what["other"])
    _refuse_unmergeable(field, other)
    if check.state != JobState.DONE:
        raise NotThisWay("The check is not over yet.")
    if field.kind in fields.LISTED:
        field.choices = fields.clean_choices([*map(str, field.choices), *map(str, other.choices)])
        field.save(update_fields=["choices"])
    other.archived_at = timezone.now()
    other.save(update_fields=["archived_at"])
    audit.record(
        organization=field.organization,
        actor=actor,
        verb="contacts.fields_merged",
        target=field,
        data={"key": field.key, "other": other.key, "wins": check.what["wins"]},
    )
    what = {name: check.what[name] for name in ("key", "other", "wins")}
    return _start(field, JobKind.MERGE_FIELDS, f"Merge {other.label} into {field.label}", what, actor)


def mergeable(field: Field, other: Field) -> bool:
    """Whether every value of `other` is one of `field`."""
    if field.key == other.key or other.key in known_fields.STANDARD:
        return False
    if field.kind == FieldKind.TEXT or field.kind == other.kind:
        return True
    return (field.kind, other.kind) == (FieldKind.MULTI, FieldKind.CHOICE)


# --- What they share --------------------------------------------------------------------------------------------------
def _start(
    field: Field,
    kind: JobKind,
    title: str,
    what: dict[str, Any],
    actor: User | None,
    *,
    check: bool = False,
    step: str = "",
) -> Job:
    """Start the job; where there are few people, do it at once."""
    _refuse_while_busy(field)
    if check:
        step = known_fields.CHECK
    job = jobs.start(
        organization=field.organization,
        kind=kind,
        title=title[:200],
        people={},
        what={**what, "step": step, "counts": dict.fromkeys(COUNTED[kind], 0), "examples": []},
        actor=actor,
    )
    return job_work.at_once(job=job) if known_fields.is_small(field.organization) else job


def _field_of(job: Job) -> Field:
    field = Field.objects.filter(organization_id=job.organization_id, key=job.what["key"]).first()
    if field is None:
        raise NotThisWay("The field is not there any more.")
    return fields.kept(field)


def _clean(field: Field, target: Target) -> Target:
    if target.kind not in FieldKind.values:
        raise Refused(f"There is no kind of field called {target.kind[:20]!r}.")
    if target.date_order not in values.DATE_ORDERS:
        raise Refused("Choose the order of the date.")
    if target.kind not in fields.LISTED:
        return Target(target.kind, (), target.date_order)
    choices = target.choices or tuple(map(str, field.choices)) if field.kind in fields.LISTED else target.choices
    return Target(target.kind, tuple(fields.clean_choices(choices)), target.date_order)


def _refuse_while_busy(field: Field) -> None:
    busy = known_fields.in_work(field.organization).get(field.key)
    if busy is not None:
        raise NotThisWay(f"“{busy.title}” is still at work on {field.label}. Wait until it is done.")
    waiting = known_fields.imports_using(field)
    if waiting:
        raise NotThisWay(
            f"The import of {waiting[0].file_name} has values for {field.label} that are not written yet. "
            "Finish or cancel it first."
        )


def _refuse_unmergeable(field: Field, other: Field) -> None:
    if not mergeable(field, other):
        raise NotThisWay(
            f"{other.label} is of another kind than {field.label}. Convert one of them first."
            if field.key != other.key and other.key not in known_fields.STANDARD
            else "Choose another field to merge into this one."
        )
    if other.archived_at is not None:
        raise NotThisWay(f"{other.label} is archived. Bring it back first.")
    for one in (field, other):
        _refuse_while_busy(one)
    if field.kind in fields.LISTED:
        fields.clean_choices([*map(str, field.choices), *map(str, other.choices)])


def _kind_words(field: Field) -> str:
    return f"“{FieldKind(field.kind).label.lower()}”"


def _index(names: Sequence[str], name: str) -> int:
    return [one.casefold() for one in names].index(name.casefold())
