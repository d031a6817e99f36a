"""Where a link of a sent mailing leads instead of where it led when it was sent: its history, the newest one in force."""

from django.conf import settings
from django.db import models

from accounts.tenancy import TenantModel


class LinkChange(TenantModel):
    """`was` is the address in the mailing's letters, whichever of them have it; one change of it is in force at a time."""

    mailing = models.ForeignKey("sending.Mailing", on_delete=models.CASCADE, related_name="+")
    was = models.TextField()
    was_hash = models.CharField(
        max_length=64, help_text="SHA-256 of `was`, in hex: addresses are too long for an index."
    )
    url = models.TextField(help_text="Where it leads now.")
    reason = models.CharField(max_length=500)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True, help_text="NULL: in force.")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mailing", "was_hash"], condition=models.Q(ended_at=None), name="link_change_in_force"
            )
        ]
        indexes = [models.Index(fields=["mailing", "-id"], name="link_change_newest")]

    def __str__(self) -> str:
        return f"{self.was} -> {self.url}"
