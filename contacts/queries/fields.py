"""The fields that an organization knows of its people: first and last name, which everybody has, and its own."""

from collections.abc import Collection

from django.db import connection
from django.db.models import Q

from accounts.models import Organization
from contacts import ports
from contacts.enums import ImportState, JobKind, JobState
from contacts.models import Contact, Field, Import, Job, Segment, SignupForm
from contacts.ports import Letter
from contacts.segments import nesting
from contacts.values import FieldKind

# Always there, without a row; an organization may make the row to call them otherwise.
STANDARD = {"first_name": "First name", "last_name": "Last name"}
WORK = (JobKind.CONVERT_FIELD, JobKind.MERGE_FIELDS)
CHECK = "check"  # Job.what["step"] of a job that only looks
SMALL = 5_000  # people: below it, work on values is done while the page waits, and exact numbers are cheap
BUSY_IMPORTS = (ImportState.STAGING, ImportState.PLANNED, ImportState.APPLYING, ImportState.UNDOING)


def rows(organization: Organization, *, archived: bool = False) -> list[Field]:
    """Every field in its order; first and last name are unsaved rows until somebody renames or moves them."""
    found = list(Field.objects.filter(organization=organization))
    keys = {field.key for field in found}
    standard = [
        Field(organization=organization, key=key, label=label) for key, label in STANDARD.items() if key not in keys
    ]
    return [*standard, *(field for field in found if archived or field.archived_at is None)]


def known(organization: Organization, *, archived: bool = False) -> list[FieldKind]:
    """Every field in its order, as what converting needs; archived ones only when asked for."""
    return [kind_of(field, organization) for field in rows(organization, archived=archived)]


def kind_of(field: Field, organization: Organization) -> FieldKind:
    return FieldKind(field.key, field.label, field.kind, tuple(map(str, field.choices)), zone=organization.time_zone)


def keys(organization: Organization) -> set[str]:
    """Every key that is taken, by archived fields too."""
    return {field.key for field in known(organization, archived=True)}


def in_work(organization: Organization) -> dict[str, Job]:
    """By the field's key: the job that is rewriting its values right now. Both fields of a merge are in it."""
    jobs = (
        Job.objects.filter(organization=organization, kind__in=WORK, state__in=(JobState.WAITING, JobState.WORKING))
        .exclude(what__step=CHECK)
        .order_by("pk")
    )
    return {key: job for job in jobs for key in (job.what.get("key"), job.what.get("other")) if key}


def last_work(field: Field) -> Job | None:
    """The newest job that rewrote (or is rewriting) the field's values."""
    if field.pk is None:
        return None
    return (
        Job.objects.filter(organization_id=field.organization_id, kind__in=WORK, what__key=field.key)
        .exclude(what__step=CHECK)
        .order_by("-pk")
        .first()
    )


def is_small(organization: Organization) -> bool:
    """Whether there are so few people that work on all of them can be done at once."""
    return Contact.objects.filter(organization=organization).order_by("pk").values("pk")[: SMALL + 1].count() <= SMALL


def imports_using(field: Field) -> list[Import]:
    """Imports that have read values for the field and did not write them yet."""
    return list(
        Import.objects.filter(
            organization_id=field.organization_id,
            state__in=BUSY_IMPORTS,
            mapping__contains=[{"to": f"field:{field.key}"}],
        ).order_by("pk")[:3]
    )


def uses(field: Field, *, archived: bool = False) -> list[Letter]:
    """Segments, sign-up forms, templates and campaigns that name the field; archived segments and forms when asked for."""
    about = f"field:{field.key}"
    standing = {"organization_id": field.organization_id} | ({} if archived else {"archived_at": None})
    found = [
        Letter("segment", segment.name, "contacts:segment_edit", (("segment", segment.public_id),))
        for segment in Segment.objects.filter(**standing).order_by("name")
        if about in nesting.abouts(segment.definition)
    ]
    forms = SignupForm.objects.filter(Q(fields__contains=[{"key": field.key}]), **standing)
    found += [
        Letter("sign-up form", form.name, "contacts:form_edit", (("form", form.public_id),))
        for form in forms.order_by("name")
    ]
    return found + ports.letters.naming(organization_id=field.organization_id, name=f"contact.{field.key}")


def untouched(organization: Organization, keys: Collection[str], *, but: Import) -> list[Field]:
    """Of these fields, locked: those that nobody has a value of, that nothing names, and that no other import fills. Reads
    everybody's values once."""
    found = list(Field.objects.select_for_update().filter(organization=organization, key__in=keys).order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT k.key FROM contacts_contact c CROSS JOIN unnest(%s::text[]) k(key)
               WHERE c.organization_id = %s AND c."values" ? k.key""",
            [[field.key for field in found], organization.pk],
        )
        taken = {row[0] for row in cursor.fetchall()} | in_work(organization).keys()
    return [
        field
        for field in found
        if field.key not in taken
        and not any(import_.pk != but.pk for import_ in imports_using(field))
        and not uses(field, archived=True)
    ]


def counts_of_choices(field: Field) -> dict[str, int] | None:
    """How many people have each choice; None where counting would keep the page waiting."""
    if not is_small(field.organization):
        return None
    counts: dict[str, int] = {}
    people = Contact.objects.filter(organization_id=field.organization_id, values__has_key=field.key)
    for value in people.values_list(f"values__{field.key}", flat=True):
        for one in value if isinstance(value, list) else [value]:
            counts[str(one)] = counts.get(str(one), 0) + 1
    return counts
