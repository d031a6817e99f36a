"""Bounces that wait for a person: a wave of identical refusals, and the people that it would have cost. And the counting's place.

Policy: while a wave is open, nobody is put on the do-not-send list for it; each of its bounces stands in the ledger, and
here until somebody decides. A wave belongs to the installation, for a provider's mistake hits all; what it cost is tenants'.
"""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel
from sending.enums import BounceDecision


class BounceWave(models.Model):
    """One kind of refusal at one place (`sending.judging.likeness`), opened again when it comes back. `text` names nobody."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    likeness = models.CharField(max_length=300, unique=True)
    place = models.CharField(max_length=253, help_text="A mailbox provider or a domain.")
    code = models.CharField(max_length=16)
    text = models.TextField()
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    open_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.place}: {self.code}"


class HeldBounce(TenantModel):
    """One address that would be on the do-not-send list, were its bounce not one of a wave."""

    wave = models.ForeignKey("sending.BounceWave", on_delete=models.PROTECT, related_name="+")
    delivery_id = models.BigIntegerField()
    address_key = models.CharField(max_length=320)
    code = models.CharField(max_length=16)
    text = models.TextField(help_text="The server's reply.")
    held_at = models.DateTimeField()
    decision = models.CharField(max_length=10, choices=BounceDecision.choices, default=BounceDecision.WAITING)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "wave", "address_key"],
                condition=models.Q(decision=BounceDecision.WAITING),
                name="held_bounce_once",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "wave", "id"], name="held_bounce_of_wave"),
            models.Index(fields=["organization", "address_key"], name="held_bounce_of_address"),
        ]

    def __str__(self) -> str:
        return f"{self.address_key}: {self.decision}"


class Bookmark(models.Model):
    """How far a reader of all events has come: the transaction and the id of the last one (see sending.models.Event)."""

    name = models.CharField(max_length=40, primary_key=True)
    tx = models.BigIntegerField(default=0)
    event_id = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
