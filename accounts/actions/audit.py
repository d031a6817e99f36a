"""Writing the audit log, in the transaction of the deed."""

from typing import Any

from django.db import models

from accounts.models import AuditEntry, Organization, User


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
