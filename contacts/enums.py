"""Words of contacts."""

from django.db import models


class FieldKind(models.TextChoices):
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    DATETIME = "datetime", "Date and time"
    BOOLEAN = "boolean", "Yes or no"
    CHOICE = "choice", "One of a list"
    MULTI = "multi", "Several of a list"
    URL = "url", "Web address"


class SubscriptionState(models.IntegerChoices):
    SUBSCRIBED = 1, "Subscribed"
    PENDING = 2, "Waiting for confirmation"
    UNSUBSCRIBED = 3, "Unsubscribed"


class SignupState(models.TextChoices):
    """What became of one sign-up by a form."""

    WAITING = "waiting", "Asked to confirm"
    SUBSCRIBED = "subscribed", "Subscribed"
    AGAIN = "again", "Was subscribed already"
    EXPIRED = "expired", "Never confirmed"


class ConsentAction(models.TextChoices):
    SUBSCRIBED = "subscribed", "Subscribed"
    REQUESTED = "requested", "Asked to confirm"
    CONFIRMED = "confirmed", "Confirmed"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    RESUBSCRIBED = "resubscribed", "Came back"
    EXPIRED = "expired", "Never confirmed"
    REVERTED = "reverted", "Taken back with its import"
    DISPUTED = "disputed", "Says they never signed up"


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

    UNPACKING = "unpacking", "Unpacking the file"
    UPLOADED = "uploaded", "Columns to be matched"
    STAGING = "staging", "Reading the file"
    PLANNED = "planned", "Waiting for your review"
    APPLYING = "applying", "Applying"
    APPLIED = "applied", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


class RowStatus(models.IntegerChoices):
    """What the file says of how a person stands; NONE: the file does not say."""

    NONE = 0, "Not said"
    SUBSCRIBED = 1, "Subscribed"
    UNSUBSCRIBED = 2, "Unsubscribed"
    PENDING = 3, "Never confirmed"
    BOUNCED = 4, "Bounced"
    COMPLAINED = 5, "Reported as spam"
    BLOCKED = 6, "On the do-not-send list there"
    INVALID = 7, "Invalid address there"


class RowNote(models.IntegerChoices):
    """What is worth a look about a good row. Bits; the first two come from the file alone, the others from the plan."""

    TYPO = 1, "Likely a typing mistake"
    ROLE = 2, "Role address"
    LISTED = 4, "On the do-not-send list"
    LEFT = 8, "Had unsubscribed from the topic"
    ERASED = 16, "Asked to be forgotten"
    ARCHIVED = 32, "Archived"
    REFUSED = 64, "Another row of the file says no"


class RowVerdict(models.IntegerChoices):
    """What the plan says of one row of a file."""

    PENDING = 0, "Not judged yet"
    NEW = 1, "New"
    CHANGED = 2, "Changed"
    UNCHANGED = 3, "Unchanged"
    DUPLICATE = 4, "Duplicate in the file"
    INVALID = 5, "Invalid"


class Cap(models.TextChoices):
    """ "Less often": at most one marketing mail in this time."""

    WEEKLY = "weekly", "At most one mail a week"
    MONTHLY = "monthly", "At most one mail a month"


CAP_DAYS = {Cap.WEEKLY: 7, Cap.MONTHLY: 30}


class JobKind(models.TextChoices):
    SUBSCRIBE = "subscribe", "Subscribe to a topic"
    TAG = "tag", "Add a tag"
    UNTAG = "untag", "Remove a tag"
    SUPPRESS = "suppress", "Put on the do-not-send list"
    ARCHIVE = "archive", "Archive"
    RESTORE = "restore", "Bring back"
    DELETE = "delete", "Delete"
    CONVERT_FIELD = "convert_field", "Convert a field"
    MERGE_FIELDS = "merge_fields", "Merge two fields"
    UNDO = "undo", "Take back"


class JobState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    WORKING = "working", "Working"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class RequestKind(models.TextChoices):
    ACCESS = "access", "See their data"
    ERASURE = "erasure", "Be forgotten"
    ADDRESS = "address", "Change the address"


class RequestState(models.TextChoices):
    RECEIVED = "received", "Waiting for the person"  # the link that we mailed was not used yet
    OPEN = "open", "To be done"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "The link was not used"


class RequestChannel(models.TextChoices):
    PAGE = "page", "On the preference page"
    MAIL = "mail", "By mail"
    LETTER = "letter", "By letter"
    PHONE = "phone", "By phone"
    OTHER = "other", "Otherwise"
