"""A word that an organization puts on people, and the people who carry it."""

from django.db import models
from django.db.models.functions import Lower

from accounts.tenancy import TenantModel


class Tag(TenantModel):
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("organization", Lower("name"), name="tag_unique_name")]

    def __str__(self) -> str:
        return self.name


class Tagging(TenantModel):
    """Narrow on purpose: tagging a person must not touch Contact and its costly indexes."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    tag = models.ForeignKey("contacts.Tag", on_delete=models.CASCADE, related_name="+", db_index=False)
    contact = models.ForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="+", db_index=False)
    import_id = models.BigIntegerField(null=True, blank=True, help_text="The import that put it on.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "contact"], name="tagging_unique")]
        indexes = [models.Index(fields=["contact"], name="tagging_by_contact")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.tag_id}"
