"""A second person's yes or no to a campaign, for exactly what it was when they looked."""

from django.conf import settings
from django.db import models

from accounts.tenancy import TenantModel
from campaigns.enums import Decision


class Approval(TenantModel):
    """`fingerprint`: of content, audience and timing; whoever edits afterwards must ask again."""

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=64)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)
    decision = models.CharField(max_length=10, choices=Decision.choices, default=Decision.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["campaign", "-id"], name="approval_by_campaign")]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.get_decision_display()}"
