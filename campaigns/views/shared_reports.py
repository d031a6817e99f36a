"""A report for whoever has the link: numbers, no people, no login."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.models import Organization
from accounts.tenancy import tenant_scope_id
from campaigns.models import Campaign
from campaigns.queries import as_sent, reports, shares, variants
from campaigns.views import public_pages
from campaigns.views.reports import times

GONE = (
    gettext_lazy("This report is not shared"),
    gettext_lazy("The link was taken back, has ended, or a part of it got lost. Ask whoever sent it."),
)


@csrf_exempt  # so that a POST is answered 405 and not 403
@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    link = shares.read(token)
    if link is None:
        return public_pages.gone(request, *GONE)
    try:
        with tenant_scope_id(link.organization_id):
            campaign = shares.campaign_of(link)
            if campaign is not None:
                return _report(request, campaign)
    except Organization.DoesNotExist:
        pass
    return public_pages.gone(request, *GONE)


def _report(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Its name and its segment are for colleagues: here it is called by its subject."""
    letter = variants.sent_letter(campaign)
    zone, topic = campaign.organization.time_zone, campaign.topic
    context = {
        "brand": campaign.brand,
        "campaign": campaign,
        "subject": as_sent.for_anybody(letter, topic=topic.name if topic else "").subject if letter else "",
        "report": reports.of(campaign),
        "definitions": reports.totals.DEFINITIONS,
        "plain": True,
        **times(campaign.mailing, zone),
    }
    with timezone.override(ZoneInfo(zone)):
        return public_pages.private(render(request, "campaigns/public_pages/report.html", context))
