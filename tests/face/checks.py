"""Pages of what is looked at before a send: the checklist of a draft in all its words, and the mail as others see it."""

from typing import Any

from django.utils import timezone

from accounts.models import Brand, Organization
from campaigns.actions import campaigns, testers
from campaigns.designs.starters import starter
from campaigns.models import Campaign
from contacts.enums import SubscriptionState
from contacts.models import Contact, Subscription, Topic
from tests.sending import ledger

PEOPLE = 12


def draft(organization: Organization) -> dict[str, Any]:
    brand = Brand.objects.get(organization=organization)
    topic = Topic.objects.create(organization=organization, brand=brand, name="Kettle weekly")
    for number in range(PEOPLE):
        contact = Contact.objects.create(
            organization=organization,
            address=f"p{number}@mail.example",
            address_key=f"p{number}@mail.example",
            domain="mail.example",
            values={"first_name": "Wilhelmina-Josephine"} if number % 3 else {},
            locale="de" if number % 2 else "",
        )
        Subscription.objects.create(
            organization=organization,
            contact=contact,
            topic=topic,
            state=SubscriptionState.SUBSCRIBED,
            changed_at=timezone.now(),
        )
    found = campaigns.create(
        organization=organization,
        brand=brand,
        name="Spring letter",
        actor=None,
        topic=topic,
        domain=ledger.domain(organization),
    )
    Campaign.objects.filter(pk=found.pk).update(
        subject="Hello {{ contact.first_name | default: 'you' }}, spring has come to the tea hills at last",
        from_name="Copper Kettle",
        from_local="news",
    )
    campaigns.choose_content(campaign=found, name="Newsletter", mjml=starter("newsletter").mjml, actor=None)
    testers.keep(organization=organization, addresses=["ann@mail.example", "zoe@mail.example"], actor=None)
    return {"campaign": found.public_id}


PAGES: list[dict[str, Any]] = [
    {"slug": "campaign-checklist", "view": "campaigns:campaign", "prepare": draft},
    {"slug": "campaign-checklist-analyst", "view": "campaigns:campaign", "prepare": draft, "who": "analyst"},
    {"slug": "campaign-preview", "view": "campaigns:campaign_preview", "prepare": draft, "query": "q=p1"},
    {
        "slug": "campaign-preview-dark",
        "view": "campaigns:campaign_preview",
        "prepare": draft,
        "query": "look=dark&who=longest",
    },
    {
        "slug": "campaign-preview-text",
        "view": "campaigns:campaign_preview",
        "prepare": draft,
        "query": "look=text&who=missing",
        "who": "analyst",
    },
]
