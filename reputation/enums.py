"""Words of reputation."""

from django.db import models


class Status(models.TextChoices):
    """Of anything that is measured. Never PASS for what was not measured."""

    PASS = "pass", "Ready"  # noqa: S105
    WARN = "warn", "Look at this"
    FAIL = "fail", "Not ready"
    UNKNOWN = "unknown", "Not known"
