"""Sums of the tallies: a mailing's buckets and events by mailbox provider. Can be rebuilt from the ledger and the log."""

from django.db import models

from accounts.tenancy import TenantModel


class Total(TenantModel):
    """`kind` is a sending.enums.Bucket (below 100) or an EventKind."""

    mailing_id = models.BigIntegerField()
    variant = models.SmallIntegerField(default=0)
    provider = models.CharField(max_length=40, blank=True, default="")
    kind = models.SmallIntegerField()
    link = models.SmallIntegerField(default=-1)
    n = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailing_id", "kind", "provider", "variant", "link"], name="total_unique")
        ]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.kind}: {self.n}"


class TotalByTime(TenantModel):
    """How many people opened or clicked first within a quarter of an hour from `at` on: a quarter, because some time zones
    are that far apart. `kind` is FIRST_OPENED or FIRST_CLICKED.
    """

    mailing_id = models.BigIntegerField()
    kind = models.SmallIntegerField()
    at = models.DateTimeField()
    n = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing_id", "kind", "at"], name="total_by_time_unique")]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.kind} at {self.at}: {self.n}"
