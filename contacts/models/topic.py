"""A topic that people subscribe to ("list" elsewhere). Belongs to a brand."""

from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Topic(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    brand = models.ForeignKey("accounts.Brand", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True, help_text="What people get, and how often.")
    is_public = models.BooleanField(default=True, help_text="Shown on the preference page to everybody.")
    double_opt_in = models.BooleanField(
        default=False, help_text="Whoever signs up gets a mail first and is subscribed by its link."
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="topic_unique_name")]

    def __str__(self) -> str:
        return self.name
