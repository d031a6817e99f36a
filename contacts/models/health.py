"""What was counted of an audience's health, and when: counting a million people takes longer than a page may."""

from django.db import models

from accounts.tenancy import TenantModel


class Health(TenantModel):
    """`facts`: {"people": 812, "role": 12, ...} as contacts/actions/health.py writes it. `samples`: of each number, the newest
    people who are in it, {"role": [ids]}. `duplicates`: [[id, id], ...], several addresses of one mailbox.
    """

    organization = models.OneToOneField(
        "accounts.Organization", on_delete=models.PROTECT, related_name="+", primary_key=True, db_index=False
    )
    facts = models.JSONField(default=dict)
    samples = models.JSONField(default=dict)
    duplicates = models.JSONField(default=list)
    silent_days = models.PositiveIntegerField(
        default=180, help_text="Unengaged: no open or click by a human for so long,"
    )
    silent_sends = models.PositiveIntegerField(default=5, help_text="although they got so many mails in that time.")
    counted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="When counting was asked for; empty: nobody waits for it.")

    def __str__(self) -> str:
        return f"health of {self.organization_id}"
