"""The ledger: one Delivery for every person a mailing was meant for. Its rows' states always add up to the audience.

Foreign keys of the ledger have no constraint in the database: freezing a million rows is two to three times as fast
without, and `manage.py audit_ledger` proves what they would. After `sealed_at` nothing is inserted or deleted.
"""

from django.db import models
from django.utils import timezone

from accounts import public_ids
from accounts.tenancy import TenantModel
from sending.enums import OPEN_STATES, DeliveryState, Hold


class Mailing(TenantModel):
    """One launch. App mail has one mailing a stream that is never sealed and has no letter."""

    public_id = models.SlugField(max_length=20, unique=True, default=public_ids.new, editable=False)
    stream = models.ForeignKey("sending.Stream", on_delete=models.PROTECT, related_name="+")
    letter = models.ForeignKey("sending.Letter", null=True, on_delete=models.PROTECT, related_name="+")
    topic_id = models.BigIntegerField(null=True, help_text="What an unsubscribe by this mail is from.")
    name = models.CharField(max_length=200, blank=True)
    hold = models.CharField(max_length=10, null=True, choices=Hold.choices)
    held_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True, help_text="When the hold UNDO ends: whoever is first then lifts it.")
    audience_size = models.BigIntegerField(null=True, help_text="Frozen, before suppression. NULL until sealed.")
    created_at = models.DateTimeField(auto_now_add=True)
    sealed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="mailing_newest"),
            models.Index(fields=["held_until"], condition=models.Q(hold=Hold.UNDO), name="mailing_in_undo"),
            models.Index(
                fields=["id"], condition=models.Q(hold=Hold.CANCELLED, finished_at=None), name="mailing_uncleared"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.public_id


class MailingVariant(TenantModel):
    """Another part of a mailing: with another letter (A/B), or only later (the rest, which waits for the first).

    Variant 0 is the mailing's own letter and has no row.
    """

    mailing = models.ForeignKey("sending.Mailing", on_delete=models.CASCADE, related_name="+")
    variant = models.PositiveSmallIntegerField()
    letter = models.ForeignKey("sending.Letter", on_delete=models.PROTECT, related_name="+")
    hold = models.CharField(max_length=10, null=True, choices=Hold.choices)
    released_at = models.DateTimeField(null=True, help_text="When those who waited were let go: from then they age.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "variant"], name="mailing_variant_unique")]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.variant}"


class Lane(TenantModel):
    """The deliveries of one variant of a mailing to one domain: what the relay's scheduler juggles in memory.

    A lane for each variant, so that nobody looks through those who wait to find those who may go.
    """

    mailing = models.ForeignKey("sending.Mailing", on_delete=models.CASCADE, related_name="+", db_constraint=False)
    domain = models.CharField(max_length=253)
    variant = models.SmallIntegerField(default=0, db_default=0)
    priority = models.SmallIntegerField(default=0)
    open = models.BooleanField(default=True, help_text="False when no row is queued, sending or deferred any more.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "domain", "variant"], name="lane_unique")]
        indexes = [models.Index(fields=["priority"], condition=models.Q(open=True), name="lane_open")]

    def __str__(self) -> str:
        return f"{self.mailing_id}:{self.domain}"


class Delivery(TenantModel):
    """One message to one person. See `sending.enums.DeliveryState`."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    mailing = models.ForeignKey(
        "sending.Mailing", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    contact = models.ForeignKey(
        "contacts.Contact",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="NULL for strangers (app mail).",
    )
    occasion = models.SmallIntegerField(default=0, help_text="0 for campaigns; automations may write again.")
    lane = models.ForeignKey(
        "sending.Lane", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    address = models.CharField(max_length=320, help_text="Normalised; frozen at the launch.")
    state = models.SmallIntegerField(choices=DeliveryState.choices)
    variant = models.SmallIntegerField(default=0)
    attempts = models.SmallIntegerField(default=0, help_text="Finished tries.")
    due_at = models.DateTimeField(default=timezone.now)
    relay_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField(
        null=True, help_text="The address of ours that a server has answered: the next try is made from it."
    )
    account_id = models.BigIntegerField(
        null=True, help_text="Whose API it went to last; NULL: our own relay carried it."
    )
    reason = models.CharField(max_length=30, blank=True, default="")
    code = models.CharField(max_length=16, blank=True, default="", help_text='As "550 5.1.1".')
    provider = models.CharField(max_length=40, blank=True, default="", help_text="Known after the first try.")
    created_at = models.DateTimeField(default=timezone.now, help_text="From when it ages: when it was to leave first.")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailing", "contact", "occasion"], name="delivery_unique_person")
        ]
        indexes = [
            models.Index(fields=["contact"], name="delivery_by_contact"),
            models.Index(
                fields=["organization", "address"],
                condition=models.Q(contact=None),
                name="delivery_of_strangers",
            ),
            models.Index(
                fields=["lane", "due_at", "id"],
                condition=models.Q(state__in=[DeliveryState.QUEUED, DeliveryState.DEFERRED]),
                name="delivery_due",
            ),
            models.Index(fields=["relay_id"], condition=models.Q(state=DeliveryState.SENDING), name="delivery_held"),
            # Why some are retried, read every two seconds while a send is watched.
            models.Index(
                fields=["mailing", "id"], condition=models.Q(state=DeliveryState.DEFERRED), name="delivery_retried"
            ),
            # With an ESP, the oldest first: whose report is overdue.
            models.Index(
                fields=["account_id", "changed_at"],
                condition=models.Q(state=DeliveryState.HANDED_OVER),
                name="delivery_handed_over",
            ),
            # The people behind the small parts of the bar. The states that every row passes through are left out: an
            # index on them would be written three times a message, and most rows of a scan match them anyway.
            models.Index(
                fields=["mailing", "state", "id"],
                condition=~models.Q(state__in=[*OPEN_STATES, DeliveryState.DELIVERED]),
                name="delivery_by_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.address}"


class StoredMessage(TenantModel):
    """The content of one piece of app mail, stored before it is accepted."""

    delivery = models.OneToOneField(
        "sending.Delivery", primary_key=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    domain = models.ForeignKey("sending.SendingDomain", null=True, on_delete=models.PROTECT, related_name="+")
    from_address = models.CharField(max_length=320)
    subject = models.CharField(max_length=998, blank=True)
    message_id = models.CharField(max_length=255)
    raw = models.BinaryField(help_text="RFC 5322, CRLF, without Bcc, DKIM-Signature and Return-Path.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.subject
