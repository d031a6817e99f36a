"""Django's EMAIL_BACKEND: mail of our own goes through our own ledger and relay, stored whole before `send` returns.

Policy: one delivery a recipient, and no recipient sees another one's Bcc. Inside of a tenant's scope a mail is stored when
that transaction has committed, so that what was rolled back is never announced.
"""

import email.message
from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django_scopes import get_scope

from contacts import addresses
from sending.actions import house_mail, outgoing


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
    content = outgoing.wire_form(message, domain=settings.HOUSE_DOMAIN)
    if get_scope().get("organization") is None:
        _keep(content, recipients)
    else:
        transaction.on_commit(lambda: _keep(content, recipients))


@transaction.atomic
def _keep(content: email.message.Message, recipients: list[str]) -> None:
    raw = content.as_bytes(policy=outgoing.WIRE)
    for recipient in recipients:
        house_mail.keep(
            to=recipient,
            raw=raw,
            from_address=parseaddr(str(content["From"]))[1],
            subject=str(content["Subject"] or ""),
            message_id=str(content["Message-ID"]).strip("<> "),
        )
