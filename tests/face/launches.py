"""Pages of sending with a net: the launch page, what waits for its time or for a yes, the countdown, careful starts."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.enums import Role
from accounts.models import Brand, Membership, Organization, User
from campaigns.actions import approvals, canaries, launches, schedules
from campaigns.actions import campaigns as verbs
from campaigns.designs.starters import starter
from campaigns.models import Campaign
from campaigns.queries import checklist
from contacts.enums import SubscriptionState
from contacts.models import Subscription, Topic
from reputation.enums import Status
from reputation.models import DomainCheck
from reputation.queries.domains import CHECKS
from sending.enums import Bucket
from sending.models import Tally
from tests.sending import ledger

CAREFUL = {"percent": 10, "minutes": 30, "bounces": 3.0, "complaints": 0.3, "go_on": True}


def ready(organization: Organization) -> dict[str, Any]:
    """A draft that may be sent."""
    return {"campaign": _draft(organization).public_id}


def to_approve(organization: Organization) -> dict[str, Any]:
    Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
    return ready(organization)


def asked(organization: Organization) -> dict[str, Any]:
    Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
    organization.refresh_from_db()
    campaign = _draft(organization)
    schedules.choose(
        campaign=campaign,
        actor=_marketer(organization),
        start_at=timezone.now() + timedelta(days=2),
        in_their_zone=True,
    )
    approvals.ask(
        campaign=campaign,
        actor=_marketer(organization),
        note="The second story is new. Is the price right?",
        accepted=_ticks(campaign),
    )
    return {"campaign": campaign.public_id}


def waiting(organization: Organization) -> dict[str, Any]:
    asked(organization)
    return {}


def scheduled(organization: Organization) -> dict[str, Any]:
    campaign = _draft(organization)
    schedules.choose(
        campaign=campaign,
        actor=_marketer(organization),
        start_at=timezone.now() + timedelta(days=2),
        spread_minutes=240,
    )
    launches.launch(campaign=campaign, actor=_marketer(organization), accepted=_ticks(campaign))
    return {"campaign": campaign.public_id}


def holding(organization: Organization) -> dict[str, Any]:
    return {"campaign": _launched(organization, undo_minutes=60).public_id}


def careful(organization: Organization) -> dict[str, Any]:
    return {"campaign": _launched(organization, undo_minutes=0, canary=CAREFUL).public_id}


def stopped(organization: Organization) -> dict[str, Any]:
    campaign = _launched(organization, undo_minutes=0, canary={**CAREFUL, "percent": 50})
    for kind, n in ((Bucket.ON_ITS_WAY, -4), (Bucket.BOUNCED, 4)):
        Tally.objects.create(
            organization=organization, mailing_id=campaign.mailing_id, kind=kind, n=n, at=timezone.now()
        )
    assert canaries.watch(campaign=campaign) == "stop"
    return {"campaign": campaign.public_id}


def _launched(organization: Organization, **choices: Any) -> Campaign:
    campaign = _draft(organization)
    schedules.choose(campaign=campaign, actor=_marketer(organization), **choices)
    launches.launch(campaign=campaign, actor=_marketer(organization), accepted=_ticks(campaign))
    launches.freeze(campaign=campaign)
    return Campaign.objects.get(pk=campaign.pk)


def _ticks(campaign: Campaign) -> list[str]:
    return [result.name for result in checklist.results(campaign) if result.wants_tick]


def _marketer(organization: Organization) -> User:
    return Membership.objects.filter(organization=organization, role=Role.MARKETER).select_related("user")[0].user


def _draft(organization: Organization) -> Campaign:
    brand = Brand.objects.get(organization=organization, is_default=True)
    topic = Topic.objects.create(organization=organization, brand=brand, name="Kettle weekly")
    domain = ledger.domain(organization)
    for name in CHECKS:
        DomainCheck.objects.create(
            organization=organization,
            domain=domain,
            check_name=name,
            status=Status.PASS,
            measured_at=timezone.now(),
            since=timezone.now(),
        )
    for number in range(30):
        person = ledger.contact(organization, f"p{number}@home{number % 3}.example")
        Subscription.objects.create(
            organization=organization,
            contact=person,
            topic=topic,
            state=SubscriptionState.SUBSCRIBED,
            changed_at=timezone.now(),
        )
    marketer = _marketer(organization)
    campaign = verbs.create(
        organization=organization, brand=brand, name="Spring letter", actor=marketer, topic=topic, domain=domain
    )
    verbs.edit(campaign=campaign, actor=marketer, subject="New kettles are here", from_local="news")
    mjml = starter("letter").mjml.replace("example.com", "copperkettle.example")
    verbs.choose_content(campaign=campaign, name="Letter", mjml=mjml, actor=marketer)
    return Campaign.objects.select_related("organization").get(pk=campaign.pk)


PAGES: list[dict[str, Any]] = [
    {"slug": "launch", "view": "campaigns:campaign_launch", "prepare": ready, "who": "marketer"},
    {"slug": "launch-to-approve", "view": "campaigns:campaign_launch", "prepare": to_approve, "who": "marketer"},
    {"slug": "approvals-none", "view": "campaigns:approvals"},
    {"slug": "approvals", "view": "campaigns:approvals", "prepare": waiting},
    {"slug": "approval", "view": "campaigns:campaign", "prepare": asked},
    {"slug": "approval-asked", "view": "campaigns:campaign", "prepare": asked, "who": "marketer"},
    {"slug": "campaign-scheduled", "view": "campaigns:campaign", "prepare": scheduled},
    {"slug": "campaign-holding", "view": "campaigns:campaign", "prepare": holding},
    {"slug": "campaign-careful", "view": "campaigns:campaign", "prepare": careful, "who": "analyst"},
    {"slug": "campaign-stopped", "view": "campaigns:campaign", "prepare": stopped},
]
