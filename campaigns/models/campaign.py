"""A campaign: what is said to whom, by whom; and, once launched, its mailing."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel
from campaigns.enums import CampaignState


class Campaign(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    brand = models.ForeignKey("accounts.Brand", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT)
    subject = models.CharField(max_length=250, blank=True)
    preheader = models.CharField(max_length=250, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_local = models.CharField(max_length=64, blank=True)
    domain = models.ForeignKey("sending.SendingDomain", null=True, on_delete=models.PROTECT, related_name="+")
    reply_to = models.EmailField(max_length=254, blank=True)
    topic = models.ForeignKey("contacts.Topic", null=True, on_delete=models.PROTECT, related_name="+")
    segment = models.ForeignKey("contacts.Segment", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    excluded_segment = models.ForeignKey(
        "contacts.Segment", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    design = models.OneToOneField("campaigns.Design", null=True, on_delete=models.PROTECT, related_name="+")
    mailing = models.OneToOneField("sending.Mailing", null=True, on_delete=models.PROTECT, related_name="+")
    accepted_warnings = models.JSONField(default=list, help_text="Names of the checks whose warning was ticked.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    launched_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="Why a launch could not be carried out.")

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="campaign_newest"),
            models.Index(
                fields=["state"],
                condition=models.Q(state__in=["launching", "sending", "paused"]),
                name="campaign_in_motion",
            ),
        ]

    def __str__(self) -> str:
        return self.name
