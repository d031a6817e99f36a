"""A link of a campaign that was sent: where it leads, where it led before, and leading it elsewhere."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for
from campaigns.actions import link_changes as verbs
from campaigns.errors import Refused
from campaigns.forms.link_changes import LinkChangeForm
from campaigns.models import Campaign
from campaigns.queries import link_checks, reports
from campaigns.queries.reports import ClickedLink
from campaigns.views import checks
from sending.queries import link_changes as reading


def need(request: HttpRequest) -> Role:
    """Who may lead a link elsewhere. Where a second person looks at each campaign before it leaves, no marketer changes
    alone what everybody gets afterwards: an admin does."""
    return Role.ADMIN if request.organization.needs_approval else Role.MARKETER


def may_change(request: HttpRequest, campaign: Campaign) -> bool:
    return campaign.mailing is not None and campaign.mailing.sealed_at is not None and may(request, need(request))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, campaign: str, number: int) -> HttpResponse:
    found = campaign_for(request, campaign)
    link = _link(found, number)
    if request.method == "POST":
        require(request, need(request))
    form = LinkChangeForm(request.POST or None, was=link.url)
    if request.method == "POST" and form.is_valid():
        try:
            url, asked = verbs.change(
                campaign=found,
                was=link.url,
                url=form.cleaned_data["url"],
                reason=form.cleaned_data["reason"],
                keep_tags=form.cleaned_data.get("keep_tags", False),
                actor=request.user,
            )
        except Refused as refused:
            form.add_error("url", str(refused))
        else:
            checks.wake(found, asked)
            back = tenant_url(request, "campaigns:campaign_link_back", campaign=found.public_id, number=number)
            messages.success(request, f"It leads to {url[:200]} from now on.", extra_tags=f"undo:{back}")
            return redirect(_page(request, found, number))
    answer = link_checks.answers(request.organization, [link.leads_to]).get(link.leads_to)
    context = {
        "campaign": found,
        "link": link,
        "form": form if may_change(request, found) else None,
        "for_admins": request.organization.needs_approval and not may_change(request, found),
        "answer": answer,
        "asks_links": settings.LINK_CHECKS,
        "history": reading.history(found.mailing_id, link.url) if found.mailing_id else [],
    }
    status = 422 if form.errors else 200
    return render(request, "campaigns/link_changes/edit.html", context, status=status)


@require_POST
def back(request: HttpRequest, org: str, campaign: str, number: int) -> HttpResponse:
    """Lead it back to where it led when it was sent."""
    found = campaign_for(request, campaign, need=need(request))
    link = _link(found, number)
    try:
        changed = verbs.lead_back(campaign=found, was=link.url, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        said = "It leads again where it led when it was sent." if changed else "It leads where it led when it was sent."
        messages.success(request, said)
    return redirect(_page(request, found, number))


def _link(campaign: Campaign, number: int) -> ClickedLink:
    links = reports.links(campaign.mailing) if campaign.mailing is not None else []
    if not 1 <= number <= len(links):
        raise Http404("This campaign has sent no such link.")
    return links[number - 1]


def _page(request: HttpRequest, campaign: Campaign, number: int) -> str:
    return tenant_url(request, "campaigns:campaign_link", campaign=campaign.public_id, number=number)
