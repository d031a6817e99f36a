"""Carries the mail that people cause on an organization's pages (contacts/ports.py): confirm links, receipts.

Policy: from the organization's own verified domain, else from HOUSE_DOMAIN. The house's key lies behind another wall, so
here the message only says which address it comes from; the relay, which sees both, signs with the house's key.
"""

from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from accounts.models import Brand, Organization
from contacts import addresses
from sending.actions import outgoing, stored_mail
from sending.enums import StreamKind
from sending.queries import domains
from sending.tracking.about import of_delivery

HOUSE_LOCAL = "hello"


class PostOffice:
    """Plugged in by posthouse/wiring.py."""

    def send(
        self, *, organization: Organization, brand: Brand, to: str, subject: str, text: str, html: str = ""
    ) -> str:
        recipient = addresses.parse(to)
        domain = domains.verified(organization).order_by("pk").first()
        if domain is not None:
            from_address = f"{brand.from_local}@{domain.name}"
        else:
            from_address = f"{HOUSE_LOCAL}@{settings.HOUSE_DOMAIN or 'localhost'}"
        message = EmailMultiAlternatives(
            subject=_line(subject),
            body=text,
            from_email=formataddr((_line(brand.from_name or brand.name), from_address), charset="utf-8"),
            to=[recipient.address],
            reply_to=[brand.reply_to] if brand.reply_to else None,
        )
        if html:
            message.attach_alternative(html, "text/html")
        content = outgoing.wire_form(message, domain=from_address.rpartition("@")[2])
        delivery = stored_mail.keep(
            organization=organization,
            kind=StreamKind.APP,
            to=recipient.key,
            raw=content.as_bytes(policy=outgoing.WIRE),
            domain=domain,
            from_address=from_address,
            subject=_line(subject),
            message_id=str(content["Message-ID"]).strip("<> "),
        )
        return of_delivery(delivery.pk)


def _line(text: str) -> str:
    """Names and titles are written by people: no line break of theirs becomes a header field."""
    return " ".join(text.split())
