"""A picture of the media library: stored under its own hash, so that its address never changes what it shows."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Media(TenantModel):
    """`file`: what mails point at (resized, compressed, without metadata). `alt`: the words for those who do not see it."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    name = models.CharField(max_length=200)
    alt = models.CharField(max_length=300, blank=True)
    file = models.FileField(max_length=300)
    content_type = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "sha256"], name="media_unique_content")]
        indexes = [models.Index(fields=["organization", "-id"], name="media_newest")]

    def __str__(self) -> str:
        return self.name
