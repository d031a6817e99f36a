"""Words of campaigns."""

from django.db import models


class CampaignState(models.TextChoices):
    """Lawful moves are in campaigns/lifecycle.py."""

    DRAFT = "draft", "Draft"
    LAUNCHING = "launching", "Starting"
    SENDING = "sending", "Sending"
    PAUSED = "paused", "Paused"
    FINISHED = "finished", "Sent"
    CANCELLED = "cancelled", "Cancelled"
