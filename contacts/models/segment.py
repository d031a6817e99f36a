"""A saved question about contacts. The definition is a JSON tree (contacts/segments/), compiled to SQL when asked."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Segment(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    name = models.CharField(max_length=120)
    definition = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=models.Q(archived_at=None), name="segment_unique_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SegmentVersion(TenantModel):
    """What a segment asked at one time; written whenever its definition changes, never changed."""

    segment = models.ForeignKey("contacts.Segment", on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    definition = models.JSONField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "version"], name="segment_version_unique")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.version}"
