"""Pages of a test of versions: set up, its results, a choice by hand, one version's preview."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Organization
from campaigns.actions import launches, schedules, variants, winners
from campaigns.enums import Differs, Metric
from campaigns.models import Campaign
from sending.enums import Bucket, EventKind
from sending.models import Tally
from tests.face.launches import _draft, _marketer, _ticks

B, C = (
    "Kettles that sing",
    "A very long subject about kettles that sing, whistle, hum and do a great deal more than that",
)


def none_yet(organization: Organization) -> dict[str, Any]:
    return {"campaign": _draft(organization).public_id}


def set_up(organization: Organization) -> dict[str, Any]:
    return {"campaign": _tested(organization).public_id}


def contents(organization: Organization) -> dict[str, Any]:
    return {"campaign": _tested(organization, what=Differs.CONTENT).public_id}


def running(organization: Organization) -> dict[str, Any]:
    return {"campaign": _launched(organization).public_id}


def decided(organization: Organization) -> dict[str, Any]:
    campaign = _launched(organization)
    last = {n: (datetime.fromisoformat(at) - timedelta(hours=5)).isoformat() for n, at in campaign.test["last"].items()}
    Campaign.objects.filter(pk=campaign.pk).update(test={**campaign.test, "last": last})
    assert winners.watch(campaign=campaign) == "won"
    return {"campaign": campaign.public_id}


def _tested(organization: Organization, **choices: Any) -> Campaign:
    campaign = _draft(organization)
    chosen: dict[str, Any] = {
        "what": Differs.SUBJECT,
        "versions": [{"subject": B}, {"subject": C}],
        "share": 60,
        "metric": Metric.CLICKS,
        "minutes": 240,
        **choices,
    }
    return variants.set_up(campaign=campaign, actor=_marketer(organization), **chosen)


def _launched(organization: Organization) -> Campaign:
    """The numbers are told as if each of its few people were a thousand."""
    campaign = _tested(organization)
    schedules.choose(campaign=campaign, actor=_marketer(organization), undo_minutes=0)
    launches.launch(campaign=campaign, actor=_marketer(organization), accepted=_ticks(campaign))
    launches.freeze(campaign=campaign)
    campaign = Campaign.objects.get(pk=campaign.pk)
    for variant, clicks, left in ((1, 0, 0), (2, 4, 0), (3, 1, 1)):
        for kind, n in (
            (Bucket.ON_ITS_WAY, -6),
            (Bucket.DELIVERED, 6),
            (EventKind.FIRST_CLICKED, clicks),
            (EventKind.FIRST_OPENED, clicks + 1),
            (EventKind.UNSUBSCRIBED, left),
        ):
            Tally.objects.create(
                organization=organization,
                mailing_id=campaign.mailing_id,
                variant=variant,
                kind=kind,
                n=n,
                at=timezone.now(),
            )
    return campaign


PAGES: list[dict[str, Any]] = [
    {"slug": "versions-new", "view": "campaigns:campaign_versions", "prepare": none_yet, "who": "marketer"},
    {"slug": "versions", "view": "campaigns:campaign_versions", "prepare": set_up, "who": "marketer"},
    {"slug": "versions-content", "view": "campaigns:campaign_versions", "prepare": contents, "who": "marketer"},
    {"slug": "versions-analyst", "view": "campaigns:campaign_versions", "prepare": set_up, "who": "analyst"},
    {"slug": "versions-draft", "view": "campaigns:campaign", "prepare": set_up, "who": "marketer"},
    {"slug": "versions-launch", "view": "campaigns:campaign_launch", "prepare": set_up, "who": "marketer"},
    {"slug": "versions-running", "view": "campaigns:campaign", "prepare": running, "who": "marketer"},
    {"slug": "versions-decided", "view": "campaigns:campaign", "prepare": decided},
    {
        "slug": "versions-choose",
        "view": "campaigns:campaign_winner",
        "prepare": running,
        "who": "marketer",
        "query": "version=2",
    },
    {"slug": "versions-preview", "view": "campaigns:campaign_preview", "prepare": set_up, "query": "version=2"},
    {"slug": "versions-people", "view": "campaigns:campaign_people", "prepare": running, "query": "version=B"},
]
