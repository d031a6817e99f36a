"""Words of campaigns."""

from django.db import models


class CampaignState(models.TextChoices):
    """Lawful moves are in campaigns/lifecycle.py."""

    DRAFT = "draft", "Draft"
    TO_APPROVE = "to_approve", "To approve"
    SCHEDULED = "scheduled", "Scheduled"
    LAUNCHING = "launching", "Starting"
    HOLDING = "holding", "Can still be taken back"  # frozen, in the undo window
    SENDING = "sending", "Sending"
    PAUSED = "paused", "Paused"
    FINISHED = "finished", "Sent"
    CANCELLED = "cancelled", "Cancelled"


class CampaignKind(models.TextChoices):
    REGULAR = "regular", "Campaign"
    RESEND = "resend", "Resend"
    CORRECTION = "correction", "Correction"


class ParentPeople(models.TextChoices):
    """Of the people of an earlier send: which ones. NO_OPEN: nothing was heard; CANNOT_TELL: only machines opened it."""

    NO_OPEN = "no_open", "No open"
    CANNOT_TELL = "cannot_tell", "Cannot tell"
    GOT_IT = "got_it", "Got it"
    CLICKED = "clicked", "Clicked"


class Decision(models.TextChoices):
    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Sent back"


class Metric(models.TextChoices):
    CLICKS = "clicks", "People who clicked"
    OPENS = "opens", "People who opened"


class Differs(models.TextChoices):
    """What differs between the versions of an A/B test."""

    SUBJECT = "subject", "Subject"
    PREHEADER = "preheader", "Preview text"
    FROM_NAME = "from_name", "Sender's name"
    CONTENT = "content", "Content"
    TIME = "time", "Time"


class Unsure(models.TextChoices):
    """What becomes of the rest when no version is better."""

    LEADER = "leader", "The one that leads goes to the others"
    ASK = "ask", "The others wait for me"
