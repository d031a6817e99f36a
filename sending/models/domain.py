"""A domain that an organization sends from, with its DKIM key."""

from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel
from sending.enums import DomainState


class SendingDomain(TenantModel):
    """One verified owner a domain in the whole installation; several may wait for DNS.

    `private_key` is RSA; `second_private_key` is Ed25519 (RFC 8463), made at the next check where there is none yet, and used
    while its record is in DNS (`second_works`). Both are encrypted (sending/keys.py); they are never logged and never leave the
    relay's memory.
    """

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    name = models.CharField(max_length=253, help_text="As A-labels, lower case.")
    state = models.CharField(max_length=10, choices=DomainState.choices, default=DomainState.PENDING)
    selector = models.CharField(max_length=63)
    private_key = models.BinaryField()
    public_key = models.TextField(help_text="The base64 of the DKIM record's p=.")
    second_selector = models.CharField(max_length=63, blank=True)
    second_private_key = models.BinaryField(default=bytes, blank=True)
    second_public_key = models.TextField(blank=True, help_text="The base64 of the second DKIM record's p=.")
    second_works = models.BooleanField(default=False)
    ownership_token = models.CharField(max_length=64, default=public_ids.new)
    return_path_label = models.CharField(max_length=63, default="bounces")
    verified_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    check_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="domain_unique_in_organization"),
            models.UniqueConstraint(
                fields=["name"], condition=~models.Q(state=DomainState.PENDING), name="domain_one_verified_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def return_path(self) -> str:
        """The domain of the return path: bounces.example.com."""
        return f"{self.return_path_label}.{self.name}"
