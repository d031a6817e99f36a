"""One of the things that an A/B test tries: what differs from the campaign is filled in, the rest is the campaign's own."""

from django.db import models

from accounts.tenancy import TenantModel


class Variant(TenantModel):
    """`number` 1, 2, …: A, B, …. Everybody else waits for the winner."""

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=250, blank=True)
    preheader = models.CharField(max_length=250, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    design = models.OneToOneField("campaigns.Design", null=True, on_delete=models.PROTECT, related_name="+")
    delay_minutes = models.PositiveIntegerField(default=0, help_text="How much later than the campaign it leaves.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="variant_unique_number")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {chr(64 + self.number)}"
