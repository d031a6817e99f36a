"""Tags: making them, putting them on people and taking them off.

A tag is known by its name, whatever its case. Tagging does not touch Contact, so a million people are tagged quickly.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.errors import AlreadyThere, NotThisWay
from contacts.models import Job, Tag, Tagging

MAX_NAME = 60
MOST = 1_000  # tags of an organization


def clean(name: object) -> str:
    """A tag's name as it is kept: one line, printable, at most 60 characters; "" if nothing is left."""
    text = "".join(one if one.isprintable() else " " for one in str(name))
    return " ".join(text.split())[:MAX_NAME].strip()


@transaction.atomic
def ensure(organization: Organization, names: Iterable[str]) -> dict[str, Tag]:
    """The tag of each name, made where there is none; the keys are the names as they were given. Empty ones are left out.
    Raises NotThisWay when there would be too many."""
    wanted = {name: clean(name) for name in names}
    folded = {name.lower() for name in wanted.values() if name}
    if not folded:
        return {}
    known = _by_name(organization, folded)
    fresh = {name.lower(): name for name in wanted.values() if name and name.lower() not in known}
    if fresh:
        if Tag.objects.filter(organization=organization).count() + len(fresh) > MOST:
            raise NotThisWay(f"An organization can have {MOST:,} tags. Remove some, or keep this as a field.")
        # Somebody else may make the same in between: then theirs is found.
        Tag.objects.bulk_create(
            (Tag(organization=organization, name=name) for name in fresh.values()), ignore_conflicts=True
        )
        known = _by_name(organization, folded)
    return {given: known[name.lower()] for given, name in wanted.items() if name.lower() in known}


def put_on(*, tag: Tag, ids: Sequence[int]) -> list[int]:
    """Tag people; the ids of those who did not have it."""
    return _changed(
        """INSERT INTO contacts_tagging (organization_id, tag_id, contact_id)
           SELECT c.organization_id, %s, c.id FROM contacts_contact c
           WHERE c.organization_id = %s AND c.id = ANY(%s) AND c.erased_at IS NULL ORDER BY c.id
           ON CONFLICT DO NOTHING RETURNING contact_id""",
        [tag.pk, tag.organization_id, list(ids)],
    )


def take_off(*, tag: Tag, ids: Sequence[int]) -> list[int]:
    """Take a tag off people; the ids of those who had it."""
    return _changed(
        # Joined, not `= ANY`: that is compared one by one with everybody who has the tag.
        """DELETE FROM contacts_tagging t USING unnest(%s::bigint[]) AS these(id)
           WHERE t.tag_id = %s AND t.contact_id = these.id RETURNING t.contact_id""",
        [list(ids), tag.pk],
    )


@transaction.atomic
def rename(*, tag: Tag, name: str, actor: User | None) -> None:
    """Give a tag another name. Raises AlreadyThere, NotThisWay."""
    name, before = clean(name), tag.name
    if not name:
        raise NotThisWay("A tag needs a name.")
    if Tag.objects.filter(organization=tag.organization, name__iexact=name).exclude(pk=tag.pk).exists():
        raise AlreadyThere(f"There is a tag {name} already.")
    if name == before:
        return
    tag.name = name
    tag.save(update_fields=["name"])
    audit.record(
        organization=tag.organization,
        actor=actor,
        verb="contacts.tag_renamed",
        target=tag,
        data={"name": [before, name]},
    )


@transaction.atomic
def remove(*, tag: Tag, actor: User | None) -> int:
    """Remove a tag and take it off everybody; how many had it."""
    organization = tag.organization
    had, _ = Tagging.objects.filter(tag=tag).delete()
    audit.record(organization=organization, actor=actor, verb="contacts.tag_removed", target=tag, data={"people": had})
    tag.delete()
    return had


def batch_on(job: Job, ids: Sequence[int]) -> list[int]:
    """Handler of JobKind.TAG: what = {"tag": id}."""
    return put_on(tag=_of(job), ids=ids)


def batch_off(job: Job, ids: Sequence[int]) -> list[int]:
    """Handler of JobKind.UNTAG: what = {"tag": id}."""
    return take_off(tag=_of(job), ids=ids)


def _of(job: Job) -> Tag:
    tag = Tag.objects.filter(organization_id=job.organization_id, pk=job.what["tag"]).first()
    if tag is None:
        raise NotThisWay("The tag was removed.")
    return tag


def _by_name(organization: Organization, folded: set[str]) -> dict[str, Tag]:
    known = {tag.name.lower(): tag for tag in Tag.objects.filter(organization=organization)}
    for name in (
        folded - known.keys()
    ):  # the database folds some letters (İ) differently, and its word is what is unique
        tag = Tag.objects.filter(organization=organization, name__iexact=name).first()
        if tag is not None:
            known[name] = tag
    return {name: known[name] for name in folded if name in known}


def _changed(sql: str, params: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return sorted(row[0] for row in cursor.fetchall())
