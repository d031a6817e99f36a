"""Rulings: what the relays obey beside what they find out themselves. The house's table; each ends by itself.

A tenant's role sees the rows of its own organization and those that concern everybody, and never the column `reason`: it
is for operators, and may hold a server's words about somebody else's mail.
"""

from django.conf import settings
from django.db import models

from sending.enums import RulingAuthor, RulingKind


class Ruling(models.Model):
    """Hold, limit or release what is meant: every field of the scope that is 0, "" or NULL means any. Never changed but in its end.

    `by` relay: a relay ruled so itself, because of what servers answered; then `cause` is the class of trouble.
    """

    kind = models.CharField(max_length=10, choices=RulingKind.choices)
    by = models.CharField(max_length=10, choices=RulingAuthor.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    author_name = models.CharField(max_length=200, help_text="A person, or a relay.")
    reason = models.CharField(max_length=500, help_text="For operators.")
    told = models.CharField(max_length=200, blank=True, help_text="For the people whose mail it concerns.")
    cause = models.CharField(max_length=40, blank=True, help_text="The class of trouble; empty: a person's decision.")
    source_id = models.BigIntegerField(default=0)
    provider = models.CharField(max_length=40, blank=True)
    site = models.CharField(max_length=200, blank=True)
    organization = models.ForeignKey(
        "accounts.Organization", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    mailing = models.ForeignKey(
        "sending.Mailing",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    connections = models.PositiveIntegerField(default=0, help_text="At once, of all relays together.")
    messages = models.PositiveIntegerField(default=0, help_text="In one connection.")
    per_minute = models.FloatField(default=0, help_text="Messages a minute, of all relays together.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    ended_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="ruling_expires_after_it_began"
            ),
            models.CheckConstraint(
                condition=models.Q(mailing=None) | models.Q(organization__isnull=False),
                name="ruling_of_a_mailing_names_its_organization",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=models.Q(ended_at=None), name="ruling_in_force"),
            models.Index(fields=["organization", "-id"], name="ruling_of_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.kind}"
