"""Words of reputation."""

from django.db import models


class Status(models.TextChoices):
    """Of anything that is measured. Never PASS for what was not measured."""

    PASS = "pass", "Ready"
    WARN = "warn", "Look at this"
    FAIL = "fail", "Not ready"
    UNKNOWN = "unknown", "Not known"


class WarmupSchedule(models.TextChoices):
    HOUSE = "house", "Each provider by itself"
    TABLE = "table", "SendGrid’s published table"


class WarmupState(models.TextChoices):
    """DONE: every provider takes as much as one likes; it is watched on, because thirty idle days begin it again."""

    RUNNING = "running", "Warming up"
    PAUSED = "paused", "Paused"
    DONE = "done", "Warm"
    SKIPPED = "skipped", "Skipped"


class WarmupMove(models.TextChoices):
    """How a day's budget came about (reputation.warming.tracks)."""

    STARTED = "started", "Started"
    ADVANCED = "advanced", "More"
    HELD = "held", "Same"
    HALVED = "halved", "Half"
    RESTARTED = "restarted", "Begun again"
    GRADUATED = "graduated", "No limit any more"
    FREE = "free", "No limit"
