"""Streams keep app mail apart from marketing mail."""

from django.db import models

from accounts.tenancy import TenantModel
from sending.enums import StreamKind


class Stream(TenantModel):
    """Three an organization: marketing, app, test. What differs between them is here, not in `if`s."""

    kind = models.CharField(max_length=10, choices=StreamKind.choices)
    give_up_after = models.DurationField(help_text="Then a message that is still retried expires.")
    retry_in_doubt = models.BooleanField(
        default=False, help_text="Unconfirmed messages: send again (at least once) or leave (at most once)."
    )
    priority = models.SmallIntegerField(default=0, help_text="Higher goes first.")
    pool = models.ForeignKey(
        "sending.Pool",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whose addresses carry it; NULL: those of its organization, else the shared ones.",
    )
    account = models.ForeignKey(
        "sending.EspAccount", null=True, on_delete=models.PROTECT, related_name="+", help_text="NULL: our own relay."
    )
    has_failover = models.BooleanField(default=False, db_default=False)
    failover_account = models.ForeignKey(
        "sending.EspAccount",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Where it goes while the first way is out of order; NULL: our own relay.",
    )
    failed_over_at = models.DateTimeField(null=True, help_text="NULL: it goes the first way.")
    failed_over_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    not_back_before = models.DateTimeField(null=True, help_text="Later each time that the first way fails again soon.")
    fail_overs = models.SmallIntegerField(default=0, db_default=0, help_text="In a row, without a good day between.")
    overflow = models.BooleanField(
        default=False,
        db_default=False,
        help_text="What is above the day's budgets of its addresses goes by the shared ones; else it waits.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "kind"], name="stream_unique_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()
