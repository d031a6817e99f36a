"""The checklist on a page: what stops, what to look at, what passes; and asking the links (again) in the background."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, tenant_url
from accounts.enums import Role
from accounts.templatetags.navigation import address
from campaigns import preflight, tasks
from campaigns.access import campaign_for
from campaigns.actions import link_checks
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.preflight import Result
from campaigns.queries import checklist

MOST_LOOKS = 25  # of an open page by itself: each counts people
STOP_POLLING = 286  # htmx: the last answer


def panel(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """The context of the checklist. Whoever may write has the links asked that nobody asked yet."""
    facts = checklist.facts(campaign)
    results = preflight.run(facts)
    asked = facts.asked or {}
    writes = may(request, Role.MARKETER)
    looks = request.GET.get("looks", "")
    looks_before = int(looks) if looks.isdecimal() and len(looks) < 4 else 0
    if asked and writes:
        wanted = [url for url, each in asked.items() if not each.is_due]
        wake(campaign, link_checks.want(organization=campaign.organization, urls=wanted))
    open_ = sorted((each for each in results if each.status != "pass"), key=lambda each: each.rank)
    return {
        "campaign": campaign,
        "checks": [(each, fix_url(request, campaign, each)) for each in open_],
        "passed": [each for each in results if each.status == "pass"],
        "ready": checklist.is_ready(results),
        "audience": next((each.evidence for each in results if each.name == "audience"), ""),
        "open": [each for each in results if each.wants_tick],
        "links_asked": bool(asked),
        "pending": any(each.is_due or (writes and not each.is_known) for each in asked.values()),
        "looks_again": looks_before + 1 if looks_before < MOST_LOOKS else 0,
    }


@require_safe
def part(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """The checklist alone, while links are being asked."""
    found = campaign_for(request, campaign)
    if found.state != CampaignState.DRAFT:
        response = HttpResponse(status=STOP_POLLING)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "campaigns/checks/_panel.html", panel(request, found))


@require_POST
def ask_again(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Ask every link again now."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    count = link_checks.want(organization=request.organization, urls=checklist.urls(found), again=True)
    wake(found, count)
    if count:
        messages.info(
            request, f"Asking {count} {'address' if count == 1 else 'addresses'}. The answers come by themselves."
        )
    else:
        messages.info(request, "They were asked a moment ago.")
    return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))


def wake(campaign: Campaign, count: int) -> None:
    """Have a worker ask what is due. Without the broker the sweep finds it."""
    if count:
        organization_id = campaign.organization_id
        transaction.on_commit(lambda: tasks.ask_links.delay(organization_id), robust=True)


def fix_url(request: HttpRequest, campaign: Campaign, result: Result) -> str:
    """Where a finding is mended; "" for those who may not."""
    if result.status == "pass" or not may(request, Role.MARKETER):
        return ""
    if result.place in ("audience", "sender"):
        return tenant_url(request, "campaigns:campaign_edit", campaign=campaign.public_id) + f"#{result.place}"
    if result.place == "content":
        return tenant_url(request, "campaigns:campaign_content", campaign=campaign.public_id)
    if result.place == "versions":
        return tenant_url(request, "campaigns:campaign_versions", campaign=campaign.public_id)
    names = {"domain": ("reputation:domains", "sending:domains"), "brand": ("accounts:settings",)}
    return address(request, names.get(result.place, ()))
