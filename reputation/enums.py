"""Words of reputation."""

from django.db import models


class Status(models.TextChoices):
    """Of anything that is measured. Never PASS for what was not measured."""

    PASS = "pass", "Ready"
    WARN = "warn", "Look at this"
    FAIL = "fail", "Not ready"
    UNKNOWN = "unknown", "Not known"
