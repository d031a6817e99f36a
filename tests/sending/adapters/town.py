"""A small town for tests of the relay's tables: one organization, a letter, and people in two domains. Made with the verbs."""

import asyncio
from dataclasses import dataclass
from typing import Any

import psycopg
from django.utils import timezone

from accounts.models import Brand, Organization
from accounts.tenancy import daemon_dsn, tenant_scope
from contacts.enums import SubscriptionState
from contacts.models import Contact, Subscription, Topic
from contacts.queries import audience
from sending.actions import domains, letters, mailings
from sending.adapters.ledger import Ledger
from sending.merging import compile_plan
from sending.relay.ports import Lane, Parcel, Settlement

HTML = (
    '<p>Dear {{ contact.first_name | default: "friend" }},</p><a href="https://www.example.com/a?x=1&amp;y=2">A</a>'
    '<a href="https://www.example.com/b">B</a> {{ brand.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a>'
)
TEXT = "Dear {{ contact.first_name | default: 'friend' }}, {{ brand.postal_address }} {{ unsubscribe_url }}"


@dataclass
class Town:
    """What was made, and looks into it as the daemons' role."""

    organization: Organization
    mailing: int
    topic: int
    domain: Any
    dsn: str

    def rows(self, statement: str, **parameters: Any) -> list[Any]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def states(self) -> dict[int, int]:
        """How many deliveries of the mailing are in which state."""
        return dict(
            self.rows(
                "SELECT state, count(*) FROM sending_delivery WHERE mailing_id = %(m)s GROUP BY 1", m=self.mailing
            )
        )

    def buckets(self) -> dict[int, int]:
        """The tallied parts, without zeros."""
        found = self.rows(
            "SELECT kind, sum(n)::int FROM sending_tally WHERE mailing_id = %(m)s AND kind < 100 GROUP BY 1 HAVING sum(n) <> 0",
            m=self.mailing,
        )
        return dict(found)

    def events(self) -> dict[int, int]:
        return dict(
            self.rows("SELECT kind, count(*) FROM sending_event WHERE mailing_id = %(m)s GROUP BY 1", m=self.mailing)
        )


def build(organization: Organization, *, people: int = 6) -> Town:
    with tenant_scope(organization):
        brand = Brand.objects.get(organization=organization)
        topic = Topic.objects.create(organization=organization, brand=brand, name="News")
        domain = domains.add(organization=organization, name="kettle.example.com", actor=None)
        for number in range(people):
            home = f"home{number % 2}.example"
            contact = Contact.objects.create(
                organization=organization,
                address=f"p{number}@{home}",
                address_key=f"p{number}@{home}",
                domain=home,
                values={"first_name": f"Zoë {number}"} if number % 2 else {},
            )
            Subscription.objects.create(
                organization=organization,
                contact=contact,
                topic=topic,
                state=SubscriptionState.SUBSCRIBED,
                changed_at=timezone.now(),
            )
        subject = "Hello {{ contact.first_name | default: 'friend' }}"
        letter = letters.freeze(
            organization=organization,
            brand=brand,
            domain=domain,
            from_name="Kettle",
            from_local="news",
            reply_to="hello@kettle.example.com",
            subject=subject,
            preheader="",
            html=HTML,
            text=TEXT,
            plan=compile_plan(subject, HTML, TEXT),
        )
        mailing = mailings.open_(organization=organization, letter=letter, topic_id=topic.pk, name="October")
        mailings.seal(mailing=mailing, audience=audience.select(organization=organization, topic=topic))
    return Town(organization, mailing.pk, topic.pk, domain, daemon_dsn())


async def relay(town: Town) -> Ledger:
    """A registered relay's view of the ledger."""
    ledger = Ledger(town.dsn, name="test")
    await ledger.register()
    return ledger


async def claim_all(ledger: Ledger, limit: int = 100) -> list[Parcel]:
    lanes: list[Lane] = await ledger.waiting()
    return await ledger.claim([(lane, limit) for lane in lanes])


async def grant(ledger: Ledger, parcels: list[Parcel], seq: int = 1) -> list[int]:
    """Ask leave for all; the ids that got it."""
    return [leave.id for leave in await ledger.flush([], [p.id for p in parcels], seq) if leave.granted]


def delivered(parcel: Parcel, **facts: Any) -> Settlement:
    return Settlement(
        parcel.id,
        "delivered",
        code="250 2.0.0",
        text="queued",
        host="mx.home0.example",
        provider="Other",
        **facts,
    )


async def sleep(seconds: float = 0.05) -> None:
    await asyncio.sleep(seconds)
