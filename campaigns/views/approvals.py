"""Approval by a second person: what waits for me, one campaign to look at, yes, no with words, asked no longer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns.access import campaign_for
from campaigns.actions import approvals
from campaigns.errors import NotReady, Refused
from campaigns.models import Campaign
from campaigns.queries import approvals as reading
from campaigns.queries import audiences, checklist, fingerprints, moments
from campaigns.views.launches import wake


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    context = {
        "waiting": reading.waiting(request.organization)[:200],
        "decided": reading.decided(request.organization),
        "needed": request.organization.needs_approval,
    }
    return render(request, "campaigns/approvals/list.html", context)


def show(
    request: HttpRequest, campaign: Campaign, *, answer: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    """The page of a campaign that waits for a yes."""
    approval = reading.last(campaign)
    results = checklist.results(campaign)
    mine = approval is not None and approval.asked_by_id == request.user.pk
    context = {
        "campaign": campaign,
        "approval": approval,
        "mine": mine,
        "may_decide": not mine and (request.role or 0) >= Role.MARKETER,
        "approvers": reading.approvers(request.organization, but=approval.asked_by) if approval and mine else [],
        "fingerprint": fingerprints.of(campaign),
        "stops": [result for result in results if result.status == "fail"],
        "ticked": [result for result in results if result.wants_tick],
        "people": audiences.size(campaign),
        "words": moments.in_words(campaign),
        "audience_words": audiences.in_words(campaign),
        "answer": answer,
        "error": error,
    }
    return render(request, "campaigns/approvals/show.html", context, status=status)


@require_POST
def approve(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        done = approvals.approve(
            campaign=found, actor=request.user, fingerprint=request.POST.get("fingerprint", "")[:64]
        )
    except NotReady as refused:
        messages.error(request, f"Not approved. {refused}")
        return _back(request, found)
    except Refused as refused:
        messages.error(request, str(refused))
        return _back(request, found)
    if done:
        wake(found)
        messages.success(request, "Approved.")
    else:
        messages.warning(request, "Not approved: it was changed after it was asked for, so it is a draft again.")
    return _back(request, found)


@require_POST
def send_back(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    answer = request.POST.get("answer", "")
    try:
        approvals.send_back(campaign=found, actor=request.user, answer=answer)
    except Refused as refused:
        if found.state == "to_approve" and not answer.strip():
            return show(request, found, answer=answer, error=str(refused), status=422)
        messages.error(request, str(refused))
        return _back(request, found)
    messages.success(request, "Sent back. They get your words by mail.")
    return redirect(tenant_url(request, "campaigns:approvals"))


@require_POST
def withdraw(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        approvals.withdraw(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "It is a draft again. Ask anew when it is ready.")
    return _back(request, found)


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
