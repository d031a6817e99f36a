"""The audit log: who did what, when. Append-only (a trigger refuses UPDATE and DELETE)."""

from django.conf import settings
from django.db import models

from accounts.tenancy import TenantModel


class AuditEntry(TenantModel):
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    actor_name = models.CharField(max_length=254, blank=True, help_text="As it was then; empty: the system.")
    verb = models.CharField(max_length=100)  # "<app>.<noun>_<past participle>": contacts.import_applied
    target_kind = models.CharField(max_length=60, blank=True)
    target_id = models.CharField(max_length=60, blank=True)
    target_name = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["target_kind", "target_id", "-id"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.target_name}"
