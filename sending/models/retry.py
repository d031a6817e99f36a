"""An order to send a choice of failed and unconfirmed messages of a mailing again. Its rows' states are the queue."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class Retry(TenantModel):
    """Walks the mailing's messages in the order of their ids. Only what stood as it was chosen when it was ordered: what fails
    anew afterwards is somebody's next choice."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    mailing = models.ForeignKey("sending.Mailing", on_delete=models.CASCADE, related_name="+")
    groups = models.JSONField(help_text="[[state, reason, provider], ...]")
    after = models.BigIntegerField(default=0, help_text="The last message that was looked at.")
    total = models.BigIntegerField(help_text="How many there were when it was ordered.")
    moved = models.BigIntegerField(default=0)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True)
    stopped = models.BooleanField(default=False, help_text="Ended before it was through: by hand, or with its send.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailing"], condition=models.Q(ended_at=None), name="retry_one_at_a_time")
        ]
        indexes = [models.Index(fields=["id"], condition=models.Q(ended_at=None), name="retry_at_work")]

    def __str__(self) -> str:
        return f"{self.mailing_id}: {self.moved} of {self.total}"
