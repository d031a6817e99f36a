"""Django's EMAIL_BACKEND: mail of our own goes through our own ledger and relay, stored whole before `send` returns.

Policy: one delivery a recipient, and no recipient sees another one's Bcc. Inside of a tenant's scope a mail is stored when
that transaction has committed, so that what was rolled back is never announced.
"""

import email
import email.policy
from collections.abc import Sequence
from email.utils import formatdate, parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django_scopes import get_scope

from accounts import public_ids
from contacts import addresses
from sending.actions import house_mail

# 7-bit needs no server's consent; long header fields are folded where they may be, and never encoded for their length.
WIRE = email.policy.SMTP.clone(cte_type="7bit", max_line_length=998)
NEVER = ("bcc", "dkim-signature", "return-path")


class HouseBackend(BaseEmailBackend):
    """Stores and queues. Raises contacts.addresses.InvalidAddress for what is no address, unless `fail_silently`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sent = 0
        for message in email_messages:
            try:
                recipients = [addresses.parse(parseaddr(to)[1] or to).key for to in message.recipients()]
            except addresses.InvalidAddress:
                if self.fail_silently:
                    continue
                raise
            if recipients:
                _after_scope(message, list(dict.fromkeys(recipients)))
                sent += 1
        return sent


def _after_scope(message: EmailMessage, recipients: list[str]) -> None:
    content = wire_form(message)
    if get_scope().get("organization") is None:
        _keep(content, recipients)
    else:
        transaction.on_commit(lambda: _keep(content, recipients))


@transaction.atomic
def _keep(content: email.message.Message, recipients: list[str]) -> None:
    raw = content.as_bytes(policy=WIRE)
    for recipient in recipients:
        house_mail.keep(
            to=recipient,
            raw=raw,
            from_address=parseaddr(str(content["From"]))[1],
            subject=str(content["Subject"] or ""),
            message_id=str(content["Message-ID"]).strip("<> "),
        )


def wire_form(message: EmailMessage) -> email.message.Message:
    """The message as it will be sent: RFC 5322, marked as automatic (RFC 3834), without what recipients must not see."""
    content = email.message_from_bytes(message.message().as_bytes(), policy=WIRE)
    for name in NEVER:
        del content[name]
    if "date" not in content:
        content["Date"] = formatdate()
    del content["message-id"]  # Django's names this computer
    content["Message-ID"] = f"<{public_ids.new()}{public_ids.new()}@{settings.HOUSE_DOMAIN or 'localhost'}>"
    if "auto-submitted" not in content:
        content["Auto-Submitted"] = "auto-generated"
        content["X-Auto-Response-Suppress"] = "All"
    return content
