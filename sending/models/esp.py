"""An organization's own accounts with ESPs, and how they are doing."""

from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel
from sending.enums import EspKind


class EspAccount(TenantModel):
    """One account. What it is spoken to with is sealed (sending/keys.py), and gone once it is disconnected.

    Health is written by the relays: `called_at` the last call, `ok_at` the last that was taken or might have been,
    `failing_since` from when most calls failed, `refused_at` since when it refuses us as such, `words` what it said.
    """

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    kind = models.CharField(max_length=20, choices=EspKind.choices)
    name = models.CharField(max_length=60)
    region = models.CharField(max_length=10, blank=True)
    version = models.IntegerField(default=1, help_text="One more with each change: relays begin with it anew.")
    secrets = models.BinaryField(help_text="Sealed JSON: what its API wants. Empty once disconnected.")
    hook_secrets = models.BinaryField(help_text="Sealed JSON: what its reports are known by.")
    created_at = models.DateTimeField(auto_now_add=True)
    disconnected_at = models.DateTimeField(null=True)

    called_at = models.DateTimeField(null=True)
    ok_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When its admins were told that it refuses us.")
    words = models.CharField(max_length=500, blank=True)

    hook_called_at = models.DateTimeField(null=True, help_text="The last report that was good.")
    hook_refused_at = models.DateTimeField(null=True, help_text="The last one that was not.")

    class Meta:
        indexes = [models.Index(fields=["organization"], name="esp_account_organization")]

    def __str__(self) -> str:
        return self.name
