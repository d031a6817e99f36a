"""A design in MJML: a template in the gallery, or the content of one campaign (a copy, so that editing the template
never changes a draft)."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Design(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    brand = models.ForeignKey("accounts.Brand", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    is_template = models.BooleanField(default=True)
    mjml = models.TextField()
    version = models.PositiveIntegerField(default=1, help_text="Counts saves; an editor with an old one is told.")
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name


class DesignVersion(TenantModel):
    """A design as it was saved once. Autosaves within a few minutes of one person make one version."""

    design = models.ForeignKey("campaigns.Design", on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    mjml = models.TextField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["design", "version"], name="design_version_unique")]

    def __str__(self) -> str:
        return f"{self.design_id} v{self.version}"
