"""Which mailbox provider is behind a domain, as the relay found when it sent there. No tenant's table: MX records are public."""

from django.db import models


class DomainProvider(models.Model):
    domain = models.CharField(max_length=253, primary_key=True)
    provider = models.CharField(max_length=40)
    learned_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["learned_at"], name="domain_provider_learned")]

    def __str__(self) -> str:
        return f"{self.domain}: {self.provider}"
