"""The do-not-send list: addresses that get nothing, why, and the evidence. Outlives the contact; lifted, never deleted.

One row an address and reason; `marketing_only` is stored so that the relay's last check is one index probe.
"""

from django.conf import settings
from django.db import models

from accounts.tenancy import TenantModel
from contacts import fingerprints
from contacts.enums import SuppressionReason

SOURCE_WORDS = {  # how it came onto the list, as it stands after the reason
    "relay": "seen while sending",
    "mailroom": "from a bounce that came back",
    "complaint": "from a spam report",
    "page": "on the unsubscribe page",
    "one_click": "by the button of a mail program",
    "import": "by an import",
    "member": "by a member",
    "api": "through the API",
}


class Suppression(TenantModel):
    address_key = models.CharField(max_length=320)
    reason = models.CharField(max_length=16, choices=SuppressionReason.choices)
    topic = models.ForeignKey(
        "contacts.Topic",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Empty: all mail of the organization.",
    )
    marketing_only = models.BooleanField(default=False)
    source = models.CharField(max_length=20, help_text="relay, mailroom, page, one_click, import, member, api")
    evidence = models.TextField(blank=True, help_text="The server's reply, the report, the words of the member.")
    about = models.CharField(max_length=100, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_why = models.CharField(max_length=300, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "address_key", "reason"],
                condition=models.Q(lifted_at=None, topic=None),
                name="suppression_unique_standing",
            ),
            models.UniqueConstraint(
                fields=["organization", "address_key", "reason", "topic"],
                condition=models.Q(lifted_at=None, topic__isnull=False),
                name="suppression_unique_of_topic",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="suppression_newest"),
            models.Index(fields=["organization", "reason", "-id"], name="suppression_by_reason"),
            models.Index(fields=["organization", "source", "-id"], name="suppression_by_source"),
            models.Index(
                fields=["organization", "-id"], name="suppression_lifted", condition=models.Q(lifted_at__isnull=False)
            ),
            models.Index(fields=["organization", "address_key"], name="suppression_by_address"),
            models.Index(
                fields=["organization", "topic", "-id"],
                name="suppression_of_topic",
                condition=models.Q(topic__isnull=False),
            ),
            models.Index(
                fields=["organization", "about"],
                condition=models.Q(lifted_at=None, reason="manual", source="page"),
                name="suppression_disputed",
            ),
        ]

    @property
    def is_forgotten(self) -> bool:
        """An erased person: the address is a hash, which nobody is shown. What else stood against them goes by it as well."""
        return self.reason == SuppressionReason.ERASED or self.address_key.startswith(fingerprints.PREFIX)

    @property
    def reason_words(self) -> str:
        """Why, in words. What people said of themselves on the unsubscribe page is no member's doing."""
        if self.reason == SuppressionReason.MANUAL and self.source == "page":
            return "Says they never signed up"
        return self.get_reason_display()

    @property
    def source_words(self) -> str:
        return SOURCE_WORDS.get(self.source, f"from {self.source}")

    def __str__(self) -> str:
        return f"{self.address_key}: {self.get_reason_display()}"
