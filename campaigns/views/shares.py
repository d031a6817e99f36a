"""Sharing a report: its links, a new one, taking one back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for
from campaigns.actions import shares as verbs
from campaigns.errors import Refused
from campaigns.forms.shares import ShareForm
from campaigns.models import Campaign
from campaigns.queries import shares


@require_http_methods(["GET", "HEAD", "POST"])
def list_(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    form = ShareForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            verbs.share(campaign=found, ends_at=form.ends_at(request.organization.time_zone), actor=request.user)
        except Refused as refused:
            form.add_error("until", str(refused))
        else:
            messages.success(request, "Whoever has the link may read the report now.")
            return _back(request, found)
    status = 422 if form.errors else 200
    context = {"campaign": found, "form": form, "shares": shares.of(found)}
    return render(request, "campaigns/reports/shares.html", context, status=status)


@require_POST
def revoke(request: HttpRequest, org: str, campaign: str, share: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if verbs.revoke(campaign=found, public_id=share, actor=request.user):
        messages.success(request, "Taken back. The link opens nothing any more.")
    return _back(request, found)


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign_shares", campaign=campaign.public_id))
