"""A way of looking at the list of people that somebody kept under a name: the query of its address."""

from django.conf import settings
from django.db import models

from accounts import public_ids
from accounts.tenancy import TenantModel


class SavedView(TenantModel):
    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    name = models.CharField(max_length=80)
    query = models.TextField(help_text="As in the address, without the page.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="saved_view_unique_name")]

    def __str__(self) -> str:
        return self.name
