"""Words of contacts."""

from django.db import models


class FieldKind(models.TextChoices):
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    DATETIME = "datetime", "Date and time"
    BOOLEAN = "boolean", "Yes or no"
    CHOICE = "choice", "One of a list"
    URL = "url", "Web address"


class SubscriptionState(models.IntegerChoices):
    SUBSCRIBED = 1, "Subscribed"
    PENDING = 2, "Waiting for confirmation"
    UNSUBSCRIBED = 3, "Unsubscribed"


class ConsentAction(models.TextChoices):
    SUBSCRIBED = "subscribed", "Subscribed"
    REQUESTED = "requested", "Asked to confirm"
    CONFIRMED = "confirmed", "Confirmed"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    RESUBSCRIBED = "resubscribed", "Came back"


class ConsentSource(models.TextChoices):
    IMPORT = "import", "Import"
    MANUAL = "manual", "Entered by a member"
    FORM = "form", "Sign-up form"
    API = "api", "API"
    PAGE = "page", "Preference page"
    ONE_CLICK = "one_click", "One-click unsubscribe"
    MAILTO = "mailto", "Unsubscribe by mail"
    COMPLAINT = "complaint", "Spam report"


class SuppressionReason(models.TextChoices):
    """Why nothing may be sent. UNSUBSCRIBED and COMPLAINED stop marketing mail; the others stop all mail."""

    UNSUBSCRIBED = "unsubscribed", "Unsubscribed from everything"
    COMPLAINED = "complained", "Reported as spam"
    INVALID = "invalid", "The address does not exist"
    BOUNCED = "bounced", "Bounced again and again"
    MANUAL = "manual", "Put on the list by a member"
    IMPORTED = "imported", "Brought from another service"
    ERASED = "erased", "Asked to be forgotten"


MARKETING_ONLY = (SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED)


class ImportState(models.TextChoices):
    """The life of an import. The state of the row is the queue: a sweep wakes what lost its worker."""

    UPLOADED = "uploaded", "Columns to be matched"
    STAGING = "staging", "Reading the file"
    PLANNED = "planned", "Waiting for your review"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class RowVerdict(models.IntegerChoices):
    """What the plan says of one row of a file."""

    PENDING = 0, "Not judged yet"
    NEW = 1, "New"
    CHANGED = 2, "Changed"
    UNCHANGED = 3, "Unchanged"
    DUPLICATE = 4, "Duplicate in the file"
    INVALID = 5, "Invalid"
