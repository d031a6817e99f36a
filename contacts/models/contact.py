"""A person whom an organization may know. Scrubbed in place when erased, never deleted: the ledger's sums stay."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.tenancy import TenantModel


class Contact(TenantModel):
    """`values` holds the typed fields: {"first_name": "Zoë", "joined": "2026-01-31", "visits": 3, "vip": true}.

    Activity (opens, clicks) never lives here: it changes often, and this table has costly indexes.
    In addresses of pages a contact goes by its id: behind the wall it tells nothing, and a public id would cost every
    import one more index.
    """

    address = models.CharField(max_length=320, help_text="As it was given.")
    address_key = models.CharField(max_length=320, help_text="Normalised: lower case, the domain as A-labels.")
    domain = models.CharField(max_length=253, help_text="The domain of address_key.")
    values = models.JSONField(default=dict, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    source = models.CharField(max_length=20, blank=True)
    import_id = models.BigIntegerField(null=True, blank=True, help_text="The import that made this contact.")
    form_id = models.BigIntegerField(null=True, blank=True, help_text="The sign-up form that they came by.")
    archived_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.BigIntegerField(null=True, blank=True, help_text="The contact whom they were found to be.")
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "address_key"], name="contact_unique_address")]
        indexes = [
            models.Index(fields=["organization", "-id"], name="contact_newest"),
            models.Index(
                fields=["organization", "-id"],
                name="contact_archived",
                condition=models.Q(archived_at__isnull=False),
            ),
            # Whoever came with one import, or in one month, lies close together.
            BrinIndex(fields=["created_at", "import_id"], name="contact_came", pages_per_range=32, autosummarize=True),
            models.Index(fields=["merged_into"], name="contact_merged", condition=models.Q(merged_into__isnull=False)),
            models.Index(fields=["form_id", "-id"], name="contact_by_form", condition=models.Q(form_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def name(self) -> str:
        """First and last name, or the address."""
        parts = (str(self.values.get("first_name") or ""), str(self.values.get("last_name") or ""))
        return " ".join(part for part in parts if part) or self.address
