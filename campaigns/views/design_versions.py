"""Versions of a design: who saved what when, side by side with what it is now, and back to it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, tenant_url
from accounts.enums import Role
from campaigns.access import design_for, version_for
from campaigns.actions import campaigns
from campaigns.actions import designs as verbs
from campaigns.designs import differences
from campaigns.enums import CampaignState
from campaigns.errors import Refused
from campaigns.models import Campaign, Design
from campaigns.queries import design_versions, designs
from campaigns.views import preview_policy
from campaigns.views.designs import content_url

PAGE = 50


@require_safe
def list_(request: HttpRequest, org: str, design: str) -> HttpResponse:
    found = design_for(request, design)
    page = Paginator(design_versions.versions(found), PAGE).get_page(request.GET.get("page"))
    return render(request, "campaigns/design_versions/list.html", _context(request, found) | {"page": page})


@require_safe
def compare(request: HttpRequest, org: str, design: str, version: int) -> HttpResponse:
    """An old version beside what the design is now."""
    found = design_for(request, design)
    old = version_for(request, found, version)
    context = {
        "old": old,
        "old_title": f"Version {old.version}",
        "difference": differences.compare(old.mjml, found.mjml),
    }
    return render(request, "campaigns/design_versions/compare.html", _context(request, found) | context)


@require_safe
def preview(request: HttpRequest, org: str, design: str, version: int) -> HttpResponse:
    """An old version as a mail, for a frame."""
    found = design_for(request, design)
    old = version_for(request, found, version)
    return preview_policy.template(request, mjml=old.mjml, brand=found.brand, trouble="This version did not compile.")


@require_POST
def restore(request: HttpRequest, org: str, design: str, version: int) -> HttpResponse:
    """Make an old version the newest one."""
    found = design_for(request, design, need=Role.MARKETER)
    campaign = designs.campaign_of(found)
    try:
        if campaign is not None:
            campaigns.draft(campaign)  # locked: what is saved while somebody launches is in the mail, or refused
        verbs.restore(design=found, version=version, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"Version {version} is back, as the newest one.")
    return redirect(_editor(request, found, campaign))


def _context(request: HttpRequest, design: Design) -> dict[str, object]:
    campaign = designs.campaign_of(design)
    read_only = not may(request, Role.MARKETER) or (campaign is not None and campaign.state != CampaignState.DRAFT)
    return {"design": design, "campaign": campaign, "read_only": read_only, "back": _editor(request, design, campaign)}


def _editor(request: HttpRequest, design: Design, campaign: Campaign | None) -> str:
    if campaign is not None:
        return content_url(request, design, campaign)
    return tenant_url(request, "campaigns:design", design=design.public_id)
