"""What an address in mail answered when we last asked."""

from django.db import models

from accounts.tenancy import TenantModel


class LinkCheck(TenantModel):
    url = models.TextField()
    url_hash = models.CharField(max_length=64, help_text="SHA-256 of url.")
    status = models.CharField(max_length=10, blank=True, help_text="pass, warn, fail; empty: not known.")
    code = models.PositiveSmallIntegerField(null=True)
    detail = models.CharField(max_length=300, blank=True)
    size = models.BigIntegerField(null=True, help_text="Bytes, as its server announces them.")
    asked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When a worker shall ask (again); empty: not wanted.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "url_hash"], name="link_check_unique")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="link_check_due")]

    def __str__(self) -> str:
        return self.url
