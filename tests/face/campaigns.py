"""Pages of campaigns that were sent: the list, the calendar, the report and what hangs on it, with and without a login."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from accounts.models import Brand, Organization
from campaigns.actions import labels, shares
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.queries import shares as sharing
from contacts.models import Topic
from sending.actions import letters
from sending.enums import Bucket, DeliveryState, EventKind
from sending.merging import compile_plan
from sending.models import Engagement, Mailing, Tally
from tests.sending import ledger

HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>New kettles</title></head>
<body style="margin:0;background:#f1ece2;font-family:Georgia,serif;color:#1c1b19">
<div style="max-width:600px;margin:0 auto;padding:32px;background:#fff">
<h1 style="font-size:28px">New kettles, {{ contact.first_name | default: "friend" }}</h1>
<p>Three of them, and all of copper. <a href="https://copperkettle.example/new" style="color:#0b6a62">Look at them</a></p>
<p><a href="https://copperkettle.example/shop?from=letter" style="display:inline-block;padding:12px 24px;background:#0b6a62;
color:#fff;text-decoration:none;border-radius:4px">To the shop</a></p>
<p>How to keep an old one shining: <a href="https://copperkettle.example/care">read on</a>.</p>
<p style="font-size:13px">{{ brand.postal_address }} · <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>
</div></body></html>"""
PROVIDERS = (("Gmail", 7_204), ("Outlook.com", 3_120), ("GMX and WEB.DE", 1_804), ("Yahoo", 611), ("Other", 31))


def sent(organization: Organization, *, name: str = "Spring letter", state: str = CampaignState.FINISHED) -> Campaign:
    brand = Brand.objects.get(organization=organization, is_default=True)
    topic, _ = Topic.objects.get_or_create(organization=organization, brand=brand, name="Kettle weekly")
    domain = ledger.domain(organization, f"d{Campaign.objects.count()}.kettle.example")
    text = "Three new kettles, and all of copper. How to keep an old one shining: read on."
    letter = letters.freeze(
        organization=organization,
        brand=brand,
        domain=domain,
        from_name="Copper Kettle",
        from_local="news",
        reply_to="",
        subject="New kettles are here",
        preheader="And how to keep the old ones shining",
        html=HTML,
        text=text,
        plan=compile_plan("New kettles are here", HTML, text),
    )
    audience = sum(n for _, n in PROVIDERS)
    mailing = ledger.mailing(organization, letter=letter, audience_size=audience, topic_id=topic.pk)
    now = timezone.now()
    campaign = Campaign.objects.create(
        organization=organization,
        brand=brand,
        name=name,
        state=state,
        topic=topic,
        domain=domain,
        from_name="Copper Kettle",
        from_local="news",
        mailing=mailing,
        launched_at=now - timedelta(hours=5),
        finished_at=now - timedelta(hours=2) if state == CampaignState.FINISHED else None,
    )
    numbers(mailing, organization)
    return campaign


def numbers(mailing: Mailing, organization: Organization) -> None:
    now = timezone.now()
    shares_of = (
        *((Bucket.DELIVERED, 94, -1), (Bucket.RETRYING, 2, -1), (Bucket.BOUNCED, 3, -1)),
        *((EventKind.FIRST_OPENED, 31, -1), (EventKind.FIRST_OPENED_MACHINE, 12, -1), (EventKind.FIRST_CLICKED, 6, -1)),
        *((EventKind.FIRST_CLICKED, 4, 0), (EventKind.CLICKED, 5, 0), (EventKind.CLICKED_MACHINE, 9, 0)),
        *((EventKind.FIRST_CLICKED, 2, 1), (EventKind.CLICKED, 2, 1)),
    )
    rows = []
    for provider, n in PROVIDERS:
        parts = {(kind, link): n * share // 100 for kind, share, link in shares_of}
        counted = sum(many for (kind, _), many in parts.items() if kind < 100)
        parts[(Bucket.SUPPRESSED, -1)] = n - counted
        rows += [(provider, kind, link, many, now) for (kind, link), many in parts.items()]
    for hour in range(24):
        at = now.replace(hour=hour, minute=0)
        rows.append(("Gmail", EventKind.FIRST_OPENED, -1, 20 + 11 * hour - hour * hour // 2, at))
        rows.append(("Gmail", EventKind.FIRST_CLICKED, -1, hour, at))
    rows += [("Gmail", EventKind.UNSUBSCRIBED, -1, 12, now), ("Yahoo", EventKind.COMPLAINED, -1, 1, now)]
    Tally.objects.bulk_create(
        Tally(organization=organization, mailing_id=mailing.pk, provider=provider, kind=kind, link=link, n=n, at=at)
        for provider, kind, link, n, at in rows
        if n
    )


def people_of(organization: Organization) -> Campaign:
    campaign = sent(organization)
    for n in range(8):
        person = ledger.contact(organization, f"zoë.with.a.rather.long.name.{n}@elsewhere.example")
        row = ledger.delivery(campaign.mailing, contact=person, provider="Gmail")
        now = timezone.now()
        Engagement.objects.create(
            delivery=row,
            organization=organization,
            mailing_id=campaign.mailing_id,
            contact_id=person.pk,
            opened_at=now,
            clicked_at=now,
            links=[0, 1] if n % 2 else [0],
        )
    Mailing.objects.filter(pk=campaign.mailing_id).update(audience_size=sum(n for _, n in PROVIDERS) + 8)
    return campaign


def report(organization: Organization) -> dict[str, Any]:
    return {"campaign": people_of(organization).public_id}


def report_on_the_way(organization: Organization) -> dict[str, Any]:
    campaign = sent(organization, state=CampaignState.SENDING)
    for n in range(3):
        ledger.delivery(
            campaign.mailing,
            contact=ledger.contact(organization, f"p{n}@full.example"),
            state=DeliveryState.DEFERRED,
            attempts=1,
            reason="mailbox_full",
            code="452 4.2.2",
        )
    Mailing.objects.filter(pk=campaign.mailing_id).update(audience_size=sum(n for _, n in PROVIDERS) + 3)
    labels.label(campaign=campaign, tags=["spring", "members"], notes="Ask Zoë.", is_public=True, actor=None)
    return {"campaign": campaign.public_id}


def some(organization: Organization) -> dict[str, Any]:
    for n, name in enumerate(("Spring letter", "Summer fair: come and bring a friend", "To the members, with thanks")):
        campaign = sent(organization, name=name)
        Campaign.objects.filter(pk=campaign.pk).update(
            launched_at=timezone.now() - timedelta(hours=30 * n), tags=["spring", "members"][: n + 1]
        )
    Campaign.objects.create(
        organization=organization,
        brand=Brand.objects.get(is_default=True),
        name="Autumn plans",
        start_at=timezone.now(),
        tags=["autumn"],
    )
    return {}


def side_by_side(organization: Organization) -> dict[str, Any]:
    """The public ids are known beforehand, for they stand in the query."""
    some(organization)
    for n, campaign in enumerate(Campaign.objects.filter(state=CampaignState.FINISHED).order_by("pk")):
        Campaign.objects.filter(pk=campaign.pk).update(public_id=f"compared{n}")
    return {}


def shared(organization: Organization) -> dict[str, Any]:
    campaign = people_of(organization)
    for days in (None, 20):
        ends_at = timezone.now() + timedelta(days=days) if days else None
        shares.share(campaign=campaign, ends_at=ends_at, actor=None)
    return {"campaign": campaign.public_id}


def shared_link(organization: Organization) -> dict[str, Any]:
    campaign = people_of(organization)
    share = shares.share(campaign=campaign, ends_at=None, actor=None)
    return {"token": urlsplit(sharing.address_of(share, campaign.brand)).path.removeprefix("/r/")}


def archive(organization: Organization) -> dict[str, Any]:
    some(organization)
    Campaign.objects.filter(state=CampaignState.FINISHED).update(is_public=True)
    return {"brand": Brand.objects.get(is_default=True).public_id}


PAGES: list[dict[str, Any]] = [
    {"slug": "campaigns", "view": "campaigns:campaigns", "prepare": some},
    {"slug": "campaigns-found-none", "view": "campaigns:campaigns", "prepare": some, "query": "q=nowhere"},
    {"slug": "campaign-calendar", "view": "campaigns:calendar", "prepare": some, "who": "analyst"},
    {"slug": "campaign-compare-none", "view": "campaigns:compare"},
    {
        "slug": "campaign-compare",
        "view": "campaigns:compare",
        "prepare": side_by_side,
        "query": "c=compared0&c=compared1&c=compared2",
    },
    {"slug": "campaign-labels", "view": "campaigns:campaign_labels", "prepare": report},
    {"slug": "report", "view": "campaigns:campaign", "prepare": report},
    {"slug": "report-on-the-way", "view": "campaigns:campaign", "prepare": report_on_the_way, "who": "analyst"},
    {"slug": "report-clicks", "view": "campaigns:campaign_clicks", "prepare": report},
    {"slug": "report-people", "view": "campaigns:campaign_did", "prepare": report, "query": "did=clicked"},
    {"slug": "report-shares", "view": "campaigns:campaign_shares", "prepare": shared},
    {"slug": "report-shared", "view": "public:shared_report", "prepare": shared_link, "who": "nobody", "tenant": False},
    {"slug": "archive", "view": "public:archive", "prepare": archive, "who": "nobody", "tenant": False},
]
