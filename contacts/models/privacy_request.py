"""A person's request under privacy law: to see what we hold, to be forgotten, to have the address corrected.

Kept after the person is erased, with a keyed hash instead of the address: that it was done, when, and what was erased.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts import public_ids
from accounts.tenancy import TenantModel
from contacts.enums import RequestChannel, RequestKind, RequestState


class PrivacyRequest(TenantModel):
    """`record`: the closing record, {"erased": {"table": rows}, "kept": [...], "backups_until": "2026-12-22"}."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    kind = models.CharField(max_length=12, choices=RequestKind.choices)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.RECEIVED)
    channel = models.CharField(max_length=10, choices=RequestChannel.choices)
    contact = models.ForeignKey(
        "contacts.Contact",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    address = models.CharField(max_length=320, blank=True, help_text="Empty once the person is erased.")
    address_hash = models.CharField(max_length=64, help_text="contacts/fingerprints.py")
    new_address = models.CharField(max_length=320, blank=True, help_text="Of a change of address.")
    note = models.TextField(blank=True)
    record = models.JSONField(default=dict)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    received_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True, help_text="When the link that we mailed was used.")
    due_at = models.DateTimeField(help_text="GDPR, article 12(3): a month after it came in.")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="privacy_request_newest"),
            models.Index(fields=["contact", "-id"], name="privacy_request_person"),
            models.Index(
                fields=["organization", "due_at"], condition=models.Q(closed_at=None), name="privacy_request_due"
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_overdue(self) -> bool:
        return self.closed_at is None and self.due_at < timezone.now()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"
