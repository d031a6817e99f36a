"""Pages of what is done after a send: again to those who did not open, a correction, another destination, a choice of failed
messages.
"""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import Organization, User
from campaigns.actions import copies, link_changes
from campaigns.enums import CampaignKind, CampaignState, ParentPeople
from campaigns.models import Campaign, LinkCheck
from campaigns.queries.link_checks import hash_of
from sending.actions import retries
from sending.enums import DeliveryState
from sending.models import Engagement, Mailing
from tests.face.campaigns import people_of, sent
from tests.sending import ledger

LONG = "https://copperkettle.example/shop/kettles/of-copper/and-everything-that-goes-with-them?utm_source=letter&page=2"


def heard(organization: Organization) -> dict[str, Any]:
    """Somebody opened, of some we cannot tell, some did not open."""
    campaign = people_of(organization)
    for n in range(3):
        row = ledger.delivery(campaign.mailing, contact=ledger.contact(organization, f"proxy{n}@elsewhere.example"))
        Engagement.objects.create(
            delivery=row,
            organization=organization,
            mailing_id=campaign.mailing_id,
            contact_id=row.contact_id,
            machine_opened_at=timezone.now(),
        )
    Mailing.objects.filter(pk=campaign.mailing_id).update(audience_size=F("audience_size") + 3)
    return {"campaign": campaign.public_id}


def followed(organization: Organization) -> dict[str, Any]:
    campaign = Campaign.objects.get(public_id=heard(organization)["campaign"])
    Campaign.objects.filter(pk=campaign.pk).update(launched_at=timezone.now() - timedelta(days=3))
    link = campaign.mailing.letter.links[0]
    link_changes.change(campaign=campaign, was=link, url=LONG, reason="It led to last year's shop", actor=_marketer())
    for kind, people in ((CampaignKind.RESEND, ParentPeople.NO_OPEN), (CampaignKind.CORRECTION, ParentPeople.CLICKED)):
        copies.follow_up(campaign=campaign, kind=kind, people=[people], subject="Once more", actor=_marketer())
    return {"campaign": campaign.public_id}


def a_resend(organization: Organization) -> dict[str, Any]:
    followed(organization)
    return {"campaign": Campaign.objects.get(kind=CampaignKind.RESEND).public_id}


def a_link(organization: Organization) -> dict[str, Any]:
    return {"campaign": people_of(organization).public_id, "number": 1}


def a_changed_link(organization: Organization) -> dict[str, Any]:
    campaign = people_of(organization)
    was = campaign.mailing.letter.links[0]
    for url, reason in (("https://copperkettle.example/new-2", "The page was moved"), (LONG, "And moved again")):
        link_changes.change(campaign=campaign, was=was, url=url, reason=reason, actor=_marketer())
    link_changes.lead_back(campaign=campaign, was=was, actor=_marketer())
    link_changes.change(campaign=campaign, was=was, url=LONG, reason="Now it stays", actor=_marketer())
    LinkCheck.objects.update_or_create(
        organization=organization,
        url_hash=hash_of(LONG),
        defaults={
            "url": LONG,
            "status": "fail",
            "detail": "There is no such page (404).",
            "asked_at": timezone.now(),
            "due_at": None,
        },
    )
    return {"campaign": campaign.public_id, "number": 1}


def needy(organization: Organization) -> dict[str, Any]:
    campaign = sent(organization)
    some = (
        *((DeliveryState.FAILED, "merge", "Gmail", 4), (DeliveryState.FAILED, "content_lost", "", 2)),
        *((DeliveryState.IN_DOUBT, "relay_lost", "GMX and WEB.DE", 3), (DeliveryState.IN_DOUBT, "network", "Gmail", 1)),
    )
    number = 0
    for state, reason, provider, count in some:
        for _ in range(count):
            number += 1
            contact = ledger.contact(organization, f"needy{number}@elsewhere.example")
            ledger.delivery(
                campaign.mailing, contact=contact, state=state, reason=reason, provider=provider, attempts=1
            )
    Mailing.objects.filter(pk=campaign.mailing_id).update(audience_size=F("audience_size") + number)
    return {"campaign": campaign.public_id}


def again_at_work(organization: Organization) -> dict[str, Any]:
    campaign = Campaign.objects.get(public_id=needy(organization)["campaign"])
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.SENDING, finished_at=None)
    retry = retries.order(mailing=campaign.mailing, groups=[(30, "merge", "Gmail")], actor=_marketer())
    assert retry is not None
    retry.total, retry.moved = 12_400, 5_000
    retry.save()
    return {"campaign": campaign.public_id}


def nothing_needy(organization: Organization) -> dict[str, Any]:
    return {"campaign": sent(organization).public_id}


def _marketer() -> User:
    return User.objects.order_by("pk")[0]


PAGES: list[dict[str, Any]] = [
    {"slug": "resend", "view": "campaigns:campaign_resend", "prepare": heard},
    {"slug": "correction", "view": "campaigns:campaign_correct", "prepare": heard},
    {"slug": "report-followed", "view": "campaigns:campaign", "prepare": followed},
    {"slug": "resend-draft", "view": "campaigns:campaign", "prepare": a_resend},
    {"slug": "resend-audience", "view": "campaigns:campaign_edit", "prepare": a_resend},
    {"slug": "report-link", "view": "campaigns:campaign_link", "prepare": a_link},
    {"slug": "report-link-changed", "view": "campaigns:campaign_link", "prepare": a_changed_link},
    {"slug": "report-link-analyst", "view": "campaigns:campaign_link", "prepare": a_changed_link, "who": "analyst"},
    {"slug": "report-needs-you", "view": "campaigns:campaign", "prepare": needy},
    {"slug": "send-again", "view": "campaigns:campaign_retry", "prepare": needy},
    {"slug": "send-again-none", "view": "campaigns:campaign_retry", "prepare": nothing_needy},
    {"slug": "send-again-at-work", "view": "campaigns:campaign", "prepare": again_at_work},
]
