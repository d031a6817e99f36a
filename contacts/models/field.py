"""A typed field that an organization keeps about its contacts; the values lie in Contact.values under `key`."""

from django.db import models

from accounts.tenancy import TenantModel
from contacts.enums import FieldKind


class Field(TenantModel):
    key = models.SlugField(max_length=60, help_text="As in {{ contact.key }}; never changes.")
    label = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=FieldKind.choices, default=FieldKind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    position = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("position", "id")
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="field_unique_key")]

    def __str__(self) -> str:
        return self.label
