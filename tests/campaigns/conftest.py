"""A campaign that is ready to go: a verified domain, a topic with people, content."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import campaigns as verbs
from campaigns.actions import schedules
from campaigns.designs.starters import starter
from campaigns.models import Campaign
from contacts.enums import FieldKind, SubscriptionState
from contacts.models import Contact, Field, Subscription, Topic
from reputation.enums import Status
from reputation.models import DomainCheck
from reputation.queries.domains import CHECKS
from sending.enums import DomainState
from sending.models import SendingDomain

MJML = starter("newsletter").mjml.replace("example.com", "copperkettle.example")


@pytest.fixture
def brand(organization: Organization) -> Brand:
    with tenant_scope(organization):
        return Brand.objects.get(is_default=True)


@pytest.fixture
def topic(organization: Organization, brand: Brand) -> Topic:
    with tenant_scope(organization):
        for position, key in enumerate(("first_name", "last_name", "city")):
            Field.objects.create(organization=organization, key=key, label=key, kind=FieldKind.TEXT, position=position)
        return Topic.objects.create(organization=organization, brand=brand, name="Weekly news")


@pytest.fixture
def domain(organization: Organization) -> SendingDomain:
    with tenant_scope(organization):
        domain = SendingDomain.objects.create(
            organization=organization,
            name="copperkettle.example",
            state=DomainState.VERIFIED,
            selector="ph1",
            private_key=b"sealed",
            public_key="MIIB",
            verified_at=timezone.now(),
        )
        for name in CHECKS:
            DomainCheck.objects.create(
                organization=organization,
                domain=domain,
                check_name=name,
                status=Status.PASS,
                measured_at=timezone.now(),
                since=timezone.now(),
            )
        return domain


@pytest.fixture
def people(organization: Organization, topic: Topic) -> Callable[..., list[Contact]]:
    """`people(20, first_name="Ann")`: subscribers named p1@a.example, p2@b.example, ..."""

    def make(count: int, **values: Any) -> list[Contact]:
        with tenant_scope(organization):
            start = Contact.objects.count()
            made = []
            for number in range(start + 1, start + count + 1):
                host = f"{'abc'[number % 3]}.example"
                made.append(
                    Contact(
                        organization=organization,
                        address=f"P{number}@{host}",
                        address_key=f"p{number}@{host}",
                        domain=host,
                        values={"first_name": f"Name{number}", **values},
                    )
                )
            made = Contact.objects.bulk_create(made)
            Subscription.objects.bulk_create(
                Subscription(
                    organization=organization,
                    contact=contact,
                    topic=topic,
                    state=SubscriptionState.SUBSCRIBED,
                    changed_at=timezone.now(),
                )
                for contact in made
            )
        return made

    return make


@pytest.fixture
def draft(organization: Organization, brand: Brand, topic: Topic, domain: SendingDomain, marketer: User) -> Campaign:
    """A draft that lacks nothing but people, and leaves at once."""
    with tenant_scope(organization):
        campaign = verbs.create(
            organization=organization, brand=brand, name="Spring letter", actor=marketer, topic=topic, domain=domain
        )
        campaign = verbs.edit(
            campaign=campaign, actor=marketer, subject="Hello {{ contact.first_name | default: 'you' }}"
        )
        schedules.choose(campaign=campaign, actor=marketer, undo_minutes=0)
        verbs.choose_content(campaign=campaign, name="Newsletter", mjml=MJML, actor=marketer)
        return Campaign.objects.get(pk=campaign.pk)
