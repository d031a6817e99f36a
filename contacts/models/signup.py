"""What somebody sent by a sign-up form: which topics, the words that they saw, and what became of it."""

from django.db import models

from accounts.tenancy import TenantModel
from contacts.enums import SignupState


class Signup(TenantModel):
    """One mail each. What they told of themselves (`values`) waits here until they have confirmed.

    `contact` has no constraint: who never confirmed is removed after 30 days, and the row stays for the sums.
    """

    form = models.ForeignKey("contacts.SignupForm", on_delete=models.PROTECT, related_name="+", db_index=False)
    contact = models.ForeignKey(
        "contacts.Contact", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=10, choices=SignupState.choices, default=SignupState.WAITING)
    topic_ids = models.JSONField(default=list, help_text="Those that were asked for and not subscribed to already.")
    values = models.JSONField(default=dict, help_text="Typed (contacts.values); emptied when it is settled.")
    wording = models.TextField(help_text="The words of consent above the button, as they were shown.")
    locale = models.CharField(max_length=20, blank=True)
    about = models.CharField(max_length=100, blank=True, help_text="The mail that answered it.")
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["contact", "-id"], name="signup_by_contact"),
            models.Index(fields=["form", "state"], name="signup_by_form"),
            models.Index(fields=["at"], condition=models.Q(state="waiting"), name="signup_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.get_state_display()}"
