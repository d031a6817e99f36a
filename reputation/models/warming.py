"""The warm-up of our own addresses: the plan of each, and what was decided for it day by day. Days are days of UTC.

Of the house, as the addresses are; an organization sees and steers those of its own addresses.
"""

from django.db import models

from accounts import public_ids
from reputation.enums import WarmupMove, WarmupSchedule, WarmupState


class Warmup(models.Model):
    """One an address. `decided_on`: the last day whose budgets have been set; each day is set once."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    address = models.OneToOneField("sending.EgressIP", on_delete=models.CASCADE, related_name="+")
    schedule = models.CharField(max_length=10, choices=WarmupSchedule.choices, default=WarmupSchedule.HOUSE)
    growth = models.FloatField(
        default=1.35, help_text="From one green day to the next; the published table has its own."
    )
    volume = models.PositiveIntegerField(help_text="Messages a day that are wanted in the end.")
    state = models.CharField(max_length=10, choices=WarmupState.choices, default=WarmupState.RUNNING)
    why = models.CharField(max_length=300, blank=True, help_text="Of a pause or a skip, in that person's words.")
    actor_name = models.CharField(max_length=200, blank=True, help_text="Who changed it last.")
    began_on = models.DateField()
    decided_on = models.DateField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["decided_on"], name="warmup_due")]

    def __str__(self) -> str:
        return f"{self.address_id}: {self.state}"


class WarmupDay(models.Model):
    """One provider's budget on one day. `seen`: what the day before it was decided by had: {"delivered", "deferred",
    "bounced", "blocked", "complained"}.
    """

    warmup = models.ForeignKey("reputation.Warmup", on_delete=models.CASCADE, related_name="+", db_index=False)
    provider = models.CharField(max_length=40, blank=True, help_text="Empty: all providers together.")
    day = models.DateField()
    budget = models.PositiveIntegerField(null=True, help_text="NULL: no limit any more.")
    move = models.CharField(max_length=12, choices=WarmupMove.choices)
    cause = models.CharField(max_length=12, blank=True)
    seen = models.JSONField(default=dict)
    sent_on = models.DateField(null=True, help_text="The last day on which anything was tried, as known on this one.")
    began_on = models.DateField(help_text="Of this provider's warm-up, or of the last time that it began again.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["warmup", "provider", "day"], name="warmup_day_unique")]

    def __str__(self) -> str:
        return f"{self.day} {self.provider}: {self.budget}"
