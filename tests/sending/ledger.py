"""Rows of the ledger for tests: a domain, a letter, a send and its messages. Call inside of the organization's scope."""

from typing import Any

from django.utils import timezone

from accounts.models import Brand, Organization
from contacts.models import Contact
from sending import keys
from sending.actions import streams
from sending.enums import DeliveryState, DomainState, StreamKind, bucket_of
from sending.models import Delivery, Lane, Letter, Mailing, SendingDomain, Tally

LINKS = ["https://shop.example/kettles?size=2", "https://shop.example/tea", "http://bücher.example/ü?q=ä b"]


def domain(organization: Organization, name: str = "kettle.example", **facts: Any) -> SendingDomain:
    facts = {"state": DomainState.VERIFIED, "verified_at": timezone.now()} | facts
    return SendingDomain.objects.create(
        organization=organization,
        name=name,
        selector="ph1",
        private_key=keys.encrypt(b"no key", purpose=keys.DKIM),
        public_key="MIIB",
        **facts,
    )


def letter(organization: Organization, **facts: Any) -> Letter:
    sender = SendingDomain.objects.filter(organization=organization).first() or domain(organization)
    facts = {"subject": "Kettles", "html": "<p>Kettles</p>", "text": "Kettles", "plan": {}, "links": LINKS} | facts
    return Letter.objects.create(
        organization=organization,
        brand=Brand.objects.get(organization=organization, is_default=True),
        domain=sender,
        from_local="news",
        **facts,
    )


def mailing(organization: Organization, *, kind: StreamKind = StreamKind.MARKETING, **facts: Any) -> Mailing:
    return Mailing.objects.create(
        organization=organization,
        stream=streams.ensure(organization=organization, kind=kind),
        letter=facts.pop("letter", None) or letter(organization),
        sealed_at=timezone.now(),
        **facts,
    )


def delivery(
    send: Mailing, *, contact: Contact | None = None, state: DeliveryState = DeliveryState.DELIVERED, **facts: Any
) -> Delivery:
    """One message, with the tally of its bucket as the launch and the relay would have left it."""
    facts = {"provider": "gmail", "address": contact.address_key if contact else "somebody@elsewhere.example"} | facts
    lane, _ = Lane.objects.get_or_create(
        organization=send.organization,
        mailing=send,
        domain=facts["address"].rpartition("@")[2],
        variant=facts.get("variant", 0),
    )
    row = Delivery.objects.create(
        organization=send.organization, mailing=send, contact=contact, lane=lane, state=state, **facts
    )
    Tally.objects.create(
        organization=send.organization,
        mailing_id=send.pk,
        provider=row.provider,
        variant=row.variant,
        kind=bucket_of(row.state, row.attempts),
        n=1,
        at=timezone.now(),
    )
    return row


def contact(organization: Organization, address: str = "mara.lind@elsewhere.example", **values: Any) -> Contact:
    return Contact.objects.create(
        organization=organization,
        address=address,
        address_key=address.lower(),
        domain=address.rpartition("@")[2].lower(),
        values=values,
    )
