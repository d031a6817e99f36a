"""The consent ledger: what a person agreed to or refused, when, where, and the words that they saw. Append-only.

A trigger refuses UPDATE and DELETE, so the proof cannot be bettered afterwards.
"""

from django.conf import settings
from django.db import models

from accounts.tenancy import TenantModel
from contacts.enums import ConsentAction, ConsentSource


class ConsentRecord(TenantModel):
    contact = models.ForeignKey(
        "contacts.Contact", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    topic = models.ForeignKey(
        "contacts.Topic",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Empty: all marketing mail.",
    )
    action = models.CharField(max_length=16, choices=ConsentAction.choices)
    at = models.DateTimeField()
    source = models.CharField(max_length=12, choices=ConsentSource.choices)
    wording = models.TextField(blank=True, help_text="The words that the person saw, or the basis that was stated.")
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    about = models.CharField(max_length=100, blank=True, help_text="What it came from: a message, an import.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        indexes = [models.Index(fields=["contact", "-id"], name="consent_by_contact")]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.action}"
