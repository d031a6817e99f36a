"""Writing the audit log, in the transaction of the deed."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models, transaction

from accounts.models import AuditEntry, Organization, User

ERASED = "(erased)"


def record(
    *,
    organization: Organization,
    verb: str,
    actor: User | None = None,
    target: models.Model | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Append one entry. `verb` is "<app>.<noun>_<past participle>"; `actor` None means the system."""
    AuditEntry.objects.create(
        organization=organization,
        actor=actor,
        actor_name=str(actor)[:254] if actor else "",
        verb=verb,
        target_kind=target._meta.label_lower if target is not None else "",
        target_id=str(getattr(target, "public_id", None) or target.pk) if target is not None else "",
        target_name=str(target)[:300] if target is not None else "",
        data=data or {},
    )


@transaction.atomic
def forget(*, organization: Organization, target: models.Model, addresses: Sequence[str]) -> int:
    """Take an erased person out of the log: what was done and by whom stays, names and addresses go. How many entries."""
    kind, pk = target._meta.label_lower, str(target.pk)
    about = models.Q(target_kind=kind, target_id=pk)
    for address in addresses:
        about |= models.Q(target_name__icontains=address) | models.Q(data__icontains=address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('posthouse.forgetting', 'on', true)")
        rows = list(AuditEntry.objects.filter(about, organization=organization))
        for row in rows:
            row.target_name = ERASED
            row.data = {} if (row.target_kind, row.target_id) == (kind, pk) else _without(row.data, addresses)
        AuditEntry.objects.bulk_update(rows, ["target_name", "data"], batch_size=500)
        cursor.execute("SELECT set_config('posthouse.forgetting', '', true)")
    return len(rows)


def _without(data: Any, addresses: Sequence[str]) -> Any:
    """The data of an entry without the texts that name one of the addresses."""
    if isinstance(data, dict):
        return {_without(key, addresses): _without(value, addresses) for key, value in data.items()}
    if isinstance(data, list):
        return [_without(value, addresses) for value in data]
    named = isinstance(data, str) and any(address.lower() in data.lower() for address in addresses)
    return ERASED if named else data
