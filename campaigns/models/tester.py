"""Somebody to whom tests are sent again and again."""

from django.db import models

from accounts.tenancy import TenantModel


class Tester(TenantModel):
    name = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=320)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "address"], name="tester_unique_address")]

    def __str__(self) -> str:
        return self.name or self.address
