"""Words of sending: the ledger's states, the parts of the reconciling bar, the kinds of events and tallies.

Two lists on purpose: a *state* says where a message stands now, an *event* says what happened to it.
"""

import enum

from django.db import models


class StreamKind(models.TextChoices):
    MARKETING = "marketing", "Marketing mail"
    APP = "app", "App mail"
    TEST = "test", "Test mail"  # never counted


class DeliveryState(models.IntegerChoices):
    """Where a message stands. QUEUED, SENDING and DEFERRED are open; HANDED_OVER and IN_DOUBT wait for evidence; the rest is
    final."""

    QUEUED = 1, "Queued"
    SENDING = 2, "Sending"  # a relay holds it
    DEFERRED = 3, "Retrying"
    HANDED_OVER = 4, "Handed over"  # an ESP took it and has not said what became of it
    DELIVERED = 10, "Delivered"
    BOUNCED = 11, "Bounced"
    EXPIRED = 12, "Gave up"
    SUPPRESSED = 20, "Skipped"
    CANCELLED = 21, "Cancelled"
    FAILED = 30, "Our fault"
    IN_DOUBT = 31, "Unconfirmed"


OPEN_STATES = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED)


class Bucket(models.IntegerChoices):
    """A part of the audience as totals count it. Tallied with signs, so that the parts always add up to the audience.

    A message that a relay holds stays where it was: ON_ITS_WAY before its first attempt (attempts = 0), else RETRYING.
    """

    ON_ITS_WAY = 1, "On its way"
    RETRYING = 2, "Retrying"
    DELIVERED = 3, "Delivered"
    BOUNCED = 4, "Bounced"
    EXPIRED = 5, "Gave up"
    SUPPRESSED = 6, "Skipped"
    CANCELLED = 7, "Cancelled"
    FAILED = 8, "Our fault"
    IN_DOUBT = 9, "Unconfirmed"
    HANDED_OVER = 10, "Handed over"


STATE_BUCKETS = {
    DeliveryState.HANDED_OVER: Bucket.HANDED_OVER,
    DeliveryState.DEFERRED: Bucket.RETRYING,
    DeliveryState.DELIVERED: Bucket.DELIVERED,
    DeliveryState.BOUNCED: Bucket.BOUNCED,
    DeliveryState.EXPIRED: Bucket.EXPIRED,
    DeliveryState.SUPPRESSED: Bucket.SUPPRESSED,
    DeliveryState.CANCELLED: Bucket.CANCELLED,
    DeliveryState.FAILED: Bucket.FAILED,
    DeliveryState.IN_DOUBT: Bucket.IN_DOUBT,
}


def bucket_of(state: int, attempts: int) -> Bucket:
    """The bucket of a delivery row. `attempts` counts finished tries, so a first try in progress is ON_ITS_WAY."""
    if state in (DeliveryState.QUEUED, DeliveryState.SENDING):
        return Bucket.RETRYING if attempts else Bucket.ON_ITS_WAY
    return STATE_BUCKETS[DeliveryState(state)]


class BarPart(models.TextChoices):
    """The six parts of the reconciling bar, in their order."""

    DELIVERED = "delivered", "Delivered"
    ON_ITS_WAY = "on_its_way", "On its way"
    RETRYING = "retrying", "Retrying"
    BOUNCED = "bounced", "Bounced"
    SKIPPED = "skipped", "Skipped"
    NEEDS_YOU = "needs_you", "Needs you"


BAR_PARTS = {
    BarPart.DELIVERED: (Bucket.DELIVERED,),
    BarPart.ON_ITS_WAY: (Bucket.ON_ITS_WAY, Bucket.HANDED_OVER),
    BarPart.RETRYING: (Bucket.RETRYING,),
    BarPart.BOUNCED: (Bucket.BOUNCED, Bucket.EXPIRED),
    BarPart.SKIPPED: (Bucket.SUPPRESSED, Bucket.CANCELLED),
    BarPart.NEEDS_YOU: (Bucket.FAILED, Bucket.IN_DOUBT),
}


class Reason(models.TextChoices):
    """Why a delivery is SUPPRESSED, CANCELLED or FAILED (delivery.reason); for BOUNCED it is the class of the reply."""

    UNSUBSCRIBED_TOPIC = "unsubscribed_topic", "Unsubscribed from the topic"
    UNCONFIRMED = "unconfirmed", "Has not confirmed yet"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed from everything"
    COMPLAINED = "complained", "Reported earlier mail as spam"
    INVALID = "invalid", "The address does not exist"
    BOUNCED = "bounced", "Bounced again and again"
    MANUAL = "manual", "On the do-not-send list"
    IMPORTED = "imported", "On the do-not-send list of an earlier service"
    ERASED = "erased", "Asked to be forgotten"
    HOUSE = "house", "On the installation's do-not-send list"
    PAUSED = "paused", "Paused their mail"
    LESS_OFTEN = "less_often", "Wants mail less often"
    ARCHIVED = "archived", "Archived after the launch"
    CANCELLED = "cancelled", "The send was cancelled"
    TAKEN_BACK = "taken_back", "The launch was taken back"
    MERGE = "merge", "The content could not be made for this person"
    CONTENT_LOST = "content_lost", "The content is missing"


REST = 99  # the variant of those who wait for what becomes of the first ones: of a careful start, of an A/B test

# What stands in the place of an erased person's address, before the contact's id.
TLS_REPORTS = "TLS reports"  # the name of the mailing that they go with
ERASED_PREFIX = "erased:"


class Hold(models.TextChoices):
    """Why a mailing, or a variant of it, stands still (`hold`; NULL: it may go)."""

    UNDO = "undo", "Can still be taken back"  # ends by itself at mailing.held_until
    REST = "rest", "Waits for what becomes of the first"  # of a variant: careful start, A/B test
    PAUSED = "paused", "Paused"
    CANCELLED = "cancelled", "Cancelled"
    POSTHOUSE = "posthouse", "Paused by Posthouse"


class RulingKind(models.TextChoices):
    HOLD = "hold", "Hold"  # nothing leaves
    LIMIT = "limit", "Limit"  # no more than so much
    RELEASE = "release", "Release"  # ends, once, what relays hold by themselves


class RulingAuthor(models.TextChoices):
    PERSON = "person", "A person"
    RELAY = "relay", "The relay"


class AddressState(models.TextChoices):
    """Whether mail leaves from an address of ours."""

    ACTIVE = "active", "In use"
    PAUSED = "paused", "Paused"
    RETIRED = "retired", "Retired"  # its pools are as if it were not in them


class NameFinding(models.TextChoices):
    """What the DNS says of an address: its reverse name must be what it says in EHLO, and lead back to it."""

    UNCHECKED = "", "Not looked at yet"
    CONFIRMED = "confirmed", "Confirmed"
    NO_NAME = "no_name", "No reverse DNS"
    OTHER_NAME = "other_name", "Another name"
    NOT_BACK = "not_back", "Name does not lead back"
    UNKNOWN = "unknown", "DNS gave no answer"


class EventKind(enum.IntEnum):
    """What happened to a message. In tally.kind these stand beside the buckets (below 100), each adding +1.

    The comment is Anymail's EventType where it has one.
    """

    DEFERRED = 100  # deferred
    DELIVERED = 101  # delivered
    BOUNCED = 102  # bounced
    EXPIRED = 103  # failed
    SUPPRESSED = 104  # rejected (by the last check, after the freeze)
    CANCELLED = 105
    FAILED = 106  # failed
    IN_DOUBT = 107
    REQUEUED = 108  # by a person or by policy, after IN_DOUBT or FAILED
    HANDED_OVER = 109  # sent (to the ESP that carries it on)

    OPENED = 120  # opened: every hit that looks human or cannot be told
    OPENED_MACHINE = 121  # privacy proxies, prefetchers
    CLICKED = 122  # clicked
    CLICKED_MACHINE = 123  # security scanners
    FIRST_OPENED = 130  # tally only: the first human open of a message = unique openers
    FIRST_OPENED_MACHINE = 131  # tally only: the first hit, and it was a machine
    FIRST_CLICKED = 132  # tally only: unique human clickers (link = -1) and per link (link >= 0)
    UNSUBSCRIBED = 140  # unsubscribed
    COMPLAINED = 141  # complained
    RESUBSCRIBED = 142
    AUTO_REPLIED = 143  # autoresponded
    LATE_BOUNCE = 144  # bounced, by a report after delivery
    DELAYED = 145  # deferred, by the ESP that carries it: it goes on trying


EVENT_OF_STATE = {
    DeliveryState.DEFERRED: EventKind.DEFERRED,
    DeliveryState.DELIVERED: EventKind.DELIVERED,
    DeliveryState.BOUNCED: EventKind.BOUNCED,
    DeliveryState.EXPIRED: EventKind.EXPIRED,
    DeliveryState.SUPPRESSED: EventKind.SUPPRESSED,
    DeliveryState.CANCELLED: EventKind.CANCELLED,
    DeliveryState.FAILED: EventKind.FAILED,
    DeliveryState.IN_DOUBT: EventKind.IN_DOUBT,
    DeliveryState.HANDED_OVER: EventKind.HANDED_OVER,
}


class EspKind(models.TextChoices):
    """The ESPs whose API an organization can bring: those that tell our own id back in their reports."""

    MAILGUN = "mailgun", "Mailgun"
    POSTMARK = "postmark", "Postmark"
    SENDGRID = "sendgrid", "SendGrid"
    BREVO = "brevo", "Brevo"
    MAILJET = "mailjet", "Mailjet"
    SPARKPOST = "sparkpost", "SparkPost"
    RESEND = "resend", "Resend"


class DomainState(models.TextChoices):
    PENDING = "pending", "Waiting for DNS"
    VERIFIED = "verified", "Verified"
    FAILING = "failing", "Was verified, fails now"


class BounceDecision(models.TextChoices):
    """What becomes of an address whose bounce was one of a wave."""

    WAITING = "waiting", "Waiting for you"
    SUPPRESS = "suppress", "On the do-not-send list"
    LEAVE = "leave", "Left as it was"
