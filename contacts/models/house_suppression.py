"""Addresses that nobody in this installation may send to: spam traps, courts, people who asked the operator.

No tenant's table. Kept by `manage.py do_not_send`; every organization's sends and checks read it.
"""

from django.db import models


class HouseSuppression(models.Model):
    address_key = models.CharField(max_length=320, unique=True)
    why = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.address_key
