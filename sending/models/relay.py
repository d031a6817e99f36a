"""Relay processes and their intents: the lease, and what is in doubt after a crash. Not tenants' tables."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Relay(models.Model):
    """One relay process. THE LEASE: `beat_at` each second; who stops beating is ended by the others and fenced off."""

    name = models.CharField(max_length=200)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True, help_text="Its rows have been given back.")
    facts = models.JSONField(default=dict, help_text="What it reports about itself: connections, rate.")

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(swept_at=None), name="relay_unswept")]

    def __str__(self) -> str:
        return self.name


class Intent(models.Model):
    """Leave to send final dots. Insert-only, trimmed each second; after a crash exactly these are in doubt."""

    relay = models.ForeignKey("sending.Relay", on_delete=models.CASCADE, related_name="+", db_constraint=False)
    seq = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField())
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["relay", "seq"], name="intent_unique_seq")]

    def __str__(self) -> str:
        return f"{self.relay_id}/{self.seq}"
