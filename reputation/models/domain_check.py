"""What DNS said about a sending domain, check by check, with the evidence and the fix."""

from django.db import models

from accounts.tenancy import TenantModel
from reputation.enums import Status


class DomainCheck(TenantModel):
    """The newest result of one check (spf, dkim, dmarc, return_path, ...) of one domain."""

    domain = models.ForeignKey("sending.SendingDomain", on_delete=models.CASCADE, related_name="+")
    check_name = models.SlugField(max_length=30)
    status = models.CharField(max_length=8, choices=Status.choices)
    found = models.TextField(blank=True, help_text="What we saw.")
    expected = models.TextField(blank=True, help_text="The record to paste.")
    record_name = models.CharField(max_length=300, blank=True)
    record_type = models.CharField(max_length=10, blank=True)
    message = models.TextField(blank=True, help_text="What it means and what to do.")
    measured_at = models.DateTimeField()
    since = models.DateTimeField(help_text="Since when it has this status.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["domain", "check_name"], name="domain_check_unique")]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.status}"
