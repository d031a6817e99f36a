"""The fields that an organization knows of its people: first and last name, which everybody has, and its own."""

from accounts.models import Organization
from contacts.models import Field
from contacts.values import FieldKind

# Always there, without a row; an organization may make the row to call them otherwise.
STANDARD = {"first_name": "First name", "last_name": "Last name"}


def known(organization: Organization, *, archived: bool = False) -> list[FieldKind]:
    """Every field in its order, as what converting needs; archived ones only when asked for."""
    rows = Field.objects.filter(organization=organization)
    if not archived:
        rows = rows.filter(archived_at=None)
    own = {
        field.key: FieldKind(
            field.key, field.label, field.kind, tuple(map(str, field.choices)), zone=organization.time_zone
        )
        for field in rows
    }
    standard = {key: FieldKind(key, label, "text") for key, label in STANDARD.items() if key not in own}
    return [*standard.values(), *own.values()]


def keys(organization: Organization) -> set[str]:
    """Every key that is taken, by archived fields too."""
    return {field.key for field in known(organization, archived=True)}
