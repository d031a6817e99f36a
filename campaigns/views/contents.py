"""The content of a campaign, or of a version of it: pick a template, edit the copy."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns import ab_testing
from campaigns.access import campaign_for, design_for
from campaigns.actions import campaigns as verbs
from campaigns.actions import variants
from campaigns.designs.starters import STARTERS, starter
from campaigns.enums import CampaignState
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.queries import designs
from campaigns.queries import variants as reading
from campaigns.views.designs import BLANK, editor


@require_safe
def edit(request: HttpRequest, org: str, campaign: str, number: int = 1) -> HttpResponse:
    """The gallery until a template is picked (or with ?pick), then the editor."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if found.state != CampaignState.DRAFT:
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    if number > 1:
        found = _version(found, number)
    if found.design is None or "pick" in request.GET:
        context = {
            "campaign": found,
            "choose": _address(request, found, number, "choose"),
            "version": ab_testing.name(number) if number > 1 else "",
            "templates": designs.templates(request.organization),
            "starters": STARTERS,
        }
        return render(request, "campaigns/contents/pick.html", context)
    return editor(request, found.design, campaign=found)


@require_POST
def choose(request: HttpRequest, org: str, campaign: str, number: int = 1) -> HttpResponse:
    """Copy a template into the draft."""
    choose_content = partial(variants.choose_content, number=number) if number > 1 else verbs.choose_content
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        if key := request.POST.get("starter"):
            chosen = starter(key)
            choose_content(campaign=found, name=chosen.name, mjml=chosen.mjml, actor=request.user)
        elif "blank" in request.POST:
            choose_content(campaign=found, name="An empty mail", mjml=BLANK, actor=request.user)
        else:
            design = design_for(request, request.POST.get("design", ""), need=Role.MARKETER)
            choose_content(campaign=found, name=design.name, mjml=design.mjml, actor=request.user, origin=design)
    except KeyError as error:
        raise Http404("There is no such template.") from error
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    return redirect(_address(request, found, number, "content"))


def _version(campaign: Campaign, number: int) -> Campaign:
    """The campaign as a version has it, whose content is its own."""
    version = reading.version(campaign, number)
    if version is None or not version.has_own_content:
        raise Http404("There is no such version.")
    return version.campaign


def _address(request: HttpRequest, campaign: Campaign, number: int, verb: str) -> str:
    if number > 1:
        return tenant_url(request, f"campaigns:version_{verb}", campaign=campaign.public_id, number=number)
    return tenant_url(request, f"campaigns:campaign_{verb}", campaign=campaign.public_id)
