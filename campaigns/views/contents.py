"""The content of a campaign: pick a template, edit the copy."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for, design_for
from campaigns.actions import campaigns as verbs
from campaigns.designs.starters import STARTERS, starter
from campaigns.enums import CampaignState
from campaigns.errors import Refused
from campaigns.queries import designs
from campaigns.views.designs import editor


@require_safe
def edit(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """The gallery until a template is picked (or with ?pick), then the editor."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if found.state != CampaignState.DRAFT:
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    if found.design is None or "pick" in request.GET:
        context = {"campaign": found, "templates": designs.templates(request.organization), "starters": STARTERS}
        return render(request, "campaigns/contents/pick.html", context)
    return editor(request, found.design, campaign=found)


@require_POST
def choose(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Copy a template into the draft."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        if key := request.POST.get("starter"):
            chosen = starter(key)
            verbs.choose_content(campaign=found, name=chosen.name, mjml=chosen.mjml, actor=request.user)
        else:
            design = design_for(request, request.POST.get("design", ""), need=Role.MARKETER)
            verbs.choose_content(campaign=found, name=design.name, mjml=design.mjml, actor=request.user, origin=design)
    except KeyError as error:
        raise Http404("There is no such template.") from error
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    return redirect(tenant_url(request, "campaigns:campaign_content", campaign=found.public_id))
