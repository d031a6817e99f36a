"""The demo's app mail: 300 receipts, cards and resets of the last month, one of them to somebody who left the marketing mail."""

# ruff: noqa: E501  (letters)

import datetime
import email.utils
from email.message import EmailMessage
from email.policy import SMTP

from django.db import connection

from accounts.models import Organization
from contacts.enums import SuppressionReason
from contacts.models import Contact, Suppression
from posthouse.demo import people
from posthouse.demo.history import PROVIDERS
from sending.actions import stored_mail
from sending.enums import Bucket, DeliveryState, EventKind, StreamKind
from sending.models import Delivery, Lane, Mailing, SendingDomain, StoredMessage, Tally

COUNT = 300
KINDS = (
    ("Your receipt", "Thank you. You had a {favourite} for 3.80.\n\nCopper Kettle Coffee"),
    (
        "Your loyalty card has a new stamp",
        "That makes {visits} stamps. The tenth cup is on us.\n\nCopper Kettle Coffee",
    ),
    (
        "Set a new password",
        "Somebody, we hope you, asked for a new password:\nhttps://copperkettle.example/reset\n\nIf it was not you, do nothing.",
    ),
)


def write(*, organization: Organization, domain: SendingDomain) -> None:
    """Inside of the organization's scope."""
    mailing = stored_mail.mailing_of(organization=organization, kind=StreamKind.APP)
    to = list(Contact.objects.filter(domain__in=PROVIDERS).order_by("-id")[: COUNT - 1])
    left = Suppression.objects.filter(reason=SuppressionReason.UNSUBSCRIBED).order_by("id").values("address_key")[:1]
    to += Contact.objects.filter(address_key__in=left)
    newest = datetime.datetime.combine(people.TODAY, datetime.time(7, 0), datetime.UTC)
    times = [newest - datetime.timedelta(minutes=139 * (len(to) - n)) for n in range(len(to))]
    Mailing.objects.filter(pk=mailing.pk).update(created_at=times[0])
    lanes = {
        name: Lane.objects.get_or_create(
            mailing=mailing,
            domain=name,
            defaults={"organization": organization, "priority": mailing.stream.priority, "open": False},
        )[0]
        for name in {contact.domain for contact in to}
    }
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            organization=organization,
            mailing=mailing,
            contact=None if n % 7 else contact,
            lane=lanes[contact.domain],
            address=contact.address_key,
            state=DeliveryState.DELIVERED,
            attempts=1,
            due_at=at,
            code="250 2.0.0",
            provider=PROVIDERS[contact.domain],
            created_at=at,
            changed_at=at + datetime.timedelta(seconds=2),
        )
        for n, (contact, at) in enumerate(zip(to, times, strict=True))
    )
    messages = []
    for n, (delivery, contact) in enumerate(zip(deliveries, to, strict=True)):
        subject, text = KINDS[2] if n == len(to) - 1 else KINDS[n % len(KINDS)]
        messages.append(_stored(delivery, contact, domain, subject, text))
    StoredMessage.objects.bulk_create(messages)
    for stored, delivery in zip(messages, deliveries, strict=True):
        stored.created_at = delivery.created_at
    StoredMessage.objects.bulk_update(messages, ["created_at"])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sending_event (at, organization_id, mailing_id, delivery_id, kind, provider, code, text)
            SELECT changed_at, organization_id, mailing_id, id, %s, provider, code, 'Taken' FROM sending_delivery WHERE mailing_id = %s
            """,
            [int(EventKind.DELIVERED), mailing.pk],
        )
    for name in sorted(set(PROVIDERS.values())):
        n = sum(1 for delivery in deliveries if delivery.provider == name)
        for kind in (Bucket.DELIVERED, EventKind.DELIVERED):
            Tally.objects.create(
                organization=organization, mailing_id=mailing.pk, provider=name, kind=kind, n=n, at=newest
            )


def _stored(delivery: Delivery, contact: Contact, domain: SendingDomain, subject: str, text: str) -> StoredMessage:
    message_id = f"demo.{delivery.pk}@{domain.return_path}"
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Copper Kettle <till@{domain.name}>"
    mail["To"] = contact.address
    mail["Subject"] = subject
    mail["Date"] = email.utils.format_datetime(delivery.created_at)
    mail["Message-ID"] = f"<{message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        text.format(favourite=contact.values.get("favourite", "tea"), visits=contact.values.get("visits", 1))
    )
    return StoredMessage(
        organization_id=delivery.organization_id,
        delivery=delivery,
        domain=domain,
        from_address=f"till@{domain.name}",
        subject=subject,
        message_id=message_id,
        raw=mail.as_bytes(),
    )
