"""What receivers report about mail in a domain's name (RFC 7489, section 7.2): from which addresses, and whether it passed."""

from django.db import models

from accounts.tenancy import TenantModel


class DmarcReport(TenantModel):
    """One report of one receiver about one domain. `signer`: the domain whose signature it bore."""

    domain = models.ForeignKey("sending.SendingDomain", on_delete=models.CASCADE, related_name="+", db_index=False)
    reporter = models.CharField(max_length=200)
    report_id = models.CharField(max_length=200)
    signer = models.CharField(max_length=253)
    policy = models.CharField(max_length=20, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    received_at = models.DateTimeField()
    messages = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "signer", "report_id"], name="dmarc_report_once"),
        ]
        indexes = [models.Index(fields=["domain", "-ended_at"], name="dmarc_report_newest")]

    def __str__(self) -> str:
        return f"{self.reporter}: {self.report_id}"


class DmarcSource(TenantModel):
    """Messages of one report from one address with one outcome. `dkim`, `spf`: passed, and aligned with From."""

    report = models.ForeignKey("reputation.DmarcReport", on_delete=models.CASCADE, related_name="+")
    ip = models.GenericIPAddressField()
    disposition = models.CharField(max_length=10)
    dkim = models.BooleanField()
    spf = models.BooleanField()
    header_from = models.CharField(max_length=253, blank=True)
    messages = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.ip}: {self.messages}"
