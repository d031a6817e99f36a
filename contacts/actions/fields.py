"""The typed fields that an organization keeps about its people."""

from django.db import transaction
from django.db.models import Max

from accounts.actions import audit
from accounts.models import Organization, User
from contacts import values
from contacts.enums import FieldKind
from contacts.errors import AlreadyThere, Refused
from contacts.models import Field
from contacts.queries import fields as known_fields

MAX_FIELDS = 150


@transaction.atomic
def create(
    *,
    organization: Organization,
    label: str,
    kind: str,
    actor: User | None,
    key: str = "",
    choices: list[str] | None = None,
) -> Field:
    """Make a field. The key comes from the label if none is given. Raises AlreadyThere, Refused."""
    label = " ".join(label.split())[:120]
    if not label:
        raise Refused("A field needs a name.")
    taken = known_fields.keys(organization)
    if len(taken) >= MAX_FIELDS:
        raise Refused(f"There are {MAX_FIELDS} fields already, as many as there may be.")
    if kind not in FieldKind.values:
        raise Refused(f"There is no kind of field called {kind[:20]!r}.")
    if Field.objects.filter(organization=organization, label__iexact=label, archived_at=None).exists():
        raise AlreadyThere(f"There is a field called {label} already.")
    if key and (key in taken or not values.is_key(key)):
        raise AlreadyThere(f"The key {key} is taken, or is not made of a-z, 0-9 and _.")
    last = Field.objects.filter(organization=organization).aggregate(last=Max("position"))["last"]
    field = Field.objects.create(
        organization=organization,
        key=key or values.key_from(label, taken),
        label=label,
        kind=kind,
        choices=choices or [],
        position=(last or 0) + 1,
    )
    audit.record(
        organization=organization, actor=actor, verb="contacts.field_created", target=field, data={"key": field.key}
    )
    return field
