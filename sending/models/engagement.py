"""What a person did with one message: narrow, because it changes often."""

from django.db import models

from accounts.tenancy import TenantModel


class Engagement(TenantModel):
    delivery = models.OneToOneField(
        "sending.Delivery", primary_key=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    mailing_id = models.BigIntegerField()
    contact_id = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField(null=True, help_text="First human open.")
    machine_opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True, help_text="First human click.")
    machine_clicked_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    links = models.JSONField(default=list, help_text="Indexes of the links that a human clicked.")

    class Meta:
        indexes = [
            # In the order of messages: the people behind a number of the report are walked page by page.
            models.Index(fields=["mailing_id", "delivery"], name="engagement_of_mailing"),
            models.Index(
                fields=["mailing_id", "delivery"],
                condition=models.Q(clicked_at__isnull=False),
                name="engagement_clicked",
            ),
            models.Index(
                fields=["mailing_id", "delivery"],
                condition=models.Q(unsubscribed_at__isnull=False) | models.Q(complained_at__isnull=False),
                name="engagement_left",
            ),
            models.Index(fields=["contact_id"], name="engagement_by_contact"),
        ]

    def __str__(self) -> str:
        return str(self.delivery_id)
