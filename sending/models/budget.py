"""How much an address may send to a mailbox provider in a day: rows that the relays obey. No row, no limit."""

from django.db import models
from django.db.models import Q


class Budget(models.Model):
    """In force until it is changed or deleted, day after day (of UTC): should nobody set tomorrow's, today's stays."""

    source = models.ForeignKey("sending.EgressIP", on_delete=models.CASCADE, related_name="+", db_index=False)
    provider = models.CharField(max_length=40, blank=True, help_text="Empty: of all providers together.")
    messages = models.PositiveIntegerField(help_text="Tries a day.")
    an_hour = models.PositiveIntegerField(
        default=0, help_text="Tries within an hour at the most; 0: only the day counts."
    )
    since = models.DateField(help_text="The day from which on it is as it is.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "provider"], name="budget_unique"),
            models.CheckConstraint(condition=Q(messages__gte=1), name="budget_is_some"),
        ]

    def __str__(self) -> str:
        return f"{self.messages} a day to {self.provider or 'all'}"
