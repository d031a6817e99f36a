"""What a person asked for beside topics: a pause, no more than so much mail, a language. Most people have no row."""

from django.db import models

from accounts.tenancy import TenantModel
from contacts.enums import Cap


class Preference(TenantModel):
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    contact = models.OneToOneField(
        "contacts.Contact", primary_key=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    paused_until = models.DateTimeField(null=True, blank=True)
    cap = models.CharField(
        max_length=10, choices=Cap.choices, blank=True, help_text="At most one marketing mail in it."
    )
    language = models.CharField(max_length=10, blank=True, help_text="Chosen by themselves; see contacts/languages.py.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "contact"], name="preference_by_organization")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.cap or 'no cap'}"
