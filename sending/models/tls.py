"""What is known of other domains' transport security: policies that were fetched, how sessions went, reports that were sent.

Not tenants' tables: a domain's policy is the same for everybody, and how our sessions with it went is told to its owner.
"""

from django.db import models


class StsPolicy(models.Model):
    """An MTA-STS policy as it was fetched (RFC 8461, section 3.2): kept until `expires_at`, whatever fetching says meanwhile."""

    domain = models.CharField(max_length=253, primary_key=True)
    policy_id = models.CharField(max_length=32, help_text="Of the TXT record that led to it.")
    text = models.TextField()
    fetched_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="sts_policy_expiry")]

    def __str__(self) -> str:
        return f"{self.domain} ({self.policy_id})"


class TlsCount(models.Model):
    """Sessions of one day (UTC) with one domain that went alike (RFC 8460, section 4). `result` "": TLS as it should be."""

    day = models.DateField()
    domain = models.CharField(max_length=253)
    policy = models.CharField(max_length=16, help_text="tlsa, sts or no-policy-found.")
    result = models.CharField(max_length=30)
    host = models.CharField(max_length=253, help_text="The mail exchanger.")
    address = models.CharField(max_length=45)
    source = models.CharField(max_length=45, help_text="Our address.")
    policy_text = models.TextField(help_text="The policy's lines or records.")
    why = models.CharField(max_length=200)
    n = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "domain", "policy", "result", "host", "address", "source"], name="tls_count_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.domain} {self.result or 'success'} {self.n}"


class TlsReport(models.Model):
    """A day's report to one place that a domain has named for it (RFC 8460, section 3): one row a place, or one with none.

    For mail the row is written in the transaction that queues it; a report to a web server is open until it has been taken.
    """

    day = models.DateField()
    domain = models.CharField(max_length=253)
    target = models.CharField(max_length=500, help_text="mailto: or https:; empty: nobody asks for reports.")
    outcome = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "domain", "target"], name="tls_report_unique")]
        indexes = [models.Index(fields=["id"], condition=models.Q(done_at=None), name="tls_report_open")]

    def __str__(self) -> str:
        return f"{self.day} {self.domain} {self.target}: {self.outcome}"
