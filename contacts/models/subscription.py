"""How a contact stands to a topic now. The history, with its proof, is ConsentRecord."""

from django.db import models

from accounts.tenancy import TenantModel
from contacts.enums import SubscriptionState


class Subscription(TenantModel):
    contact = models.ForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey("contacts.Topic", on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.PositiveSmallIntegerField(choices=SubscriptionState.choices)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "contact"], name="subscription_unique")]
        indexes = [
            models.Index(fields=["contact"], name="subscription_by_contact"),
            models.Index(
                fields=["topic", "state", "-contact"], name="subscription_not_standing", condition=models.Q(state__gt=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.get_state_display()}"
