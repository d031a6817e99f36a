"""What happened, append-only; and the increments that totals are folded from."""

from django.db import models

from accounts.tenancy import TenantModel


class Event(TenantModel):
    """Partitioned by month on `at` (made by migration 0002; Django does not manage this table).

    `kind` is sending.enums.EventKind. `link` is the index of the clicked link, else -1. `code` and `text` are the
    server's reply; `facts` what else is known. Of a try: {"host", "address" (the server's), "class" (of trouble), "tls",
    "took" (seconds), "source" and "source_name" (our address and what it says in EHLO), "waited" (seconds that it had to wait
    before), "held" (how many of them its site was), "held_for" (the class of trouble)}. Of a hit or a report: {"rules",
    "ip", "ua"}.
    `tx` orders readers that need every event: `tx < pg_snapshot_xmin(pg_current_snapshot())`.
    """

    pk = models.CompositePrimaryKey("id", "at")
    id = models.BigIntegerField()
    at = models.DateTimeField()
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    mailing_id = models.BigIntegerField()
    delivery_id = models.BigIntegerField()
    kind = models.SmallIntegerField()
    variant = models.SmallIntegerField()
    link = models.SmallIntegerField()
    provider = models.CharField(max_length=40)
    code = models.CharField(max_length=16)
    text = models.TextField()
    facts = models.JSONField()

    class Meta:
        managed = False
        db_table = "sending_event"

    def __str__(self) -> str:
        return f"{self.kind} of {self.delivery_id}"


class Tally(TenantModel):
    """An increment: `kind` is a Bucket (signed n) or an EventKind. Folded into reputation's totals and deleted."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    mailing_id = models.BigIntegerField()
    variant = models.SmallIntegerField(default=0)
    provider = models.CharField(max_length=40, default="", blank=True)
    kind = models.SmallIntegerField()
    link = models.SmallIntegerField(default=-1)
    n = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["mailing_id"], name="tally_by_mailing")]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.kind} {self.n:+}"
