"""Sending with a net: the launch page and its choices, taking back, careful starts."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import tenant_url
from accounts.enums import Role
from campaigns import tasks
from campaigns.access import campaign_for
from campaigns.actions import approvals, canaries, launches, schedules
from campaigns.enums import CampaignState
from campaigns.errors import NotReady, Refused
from campaigns.forms.launches import LaunchForm
from campaigns.models import Campaign
from campaigns.queries import approvals as approved
from campaigns.queries import audiences, checklist, moments
from contacts.queries import imports

MOST_TICKS = 50


@require_http_methods(["GET", "HEAD", "POST"])
def launch(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if found.state != CampaignState.DRAFT:
        return _back(request, found)  # a second click, another tab: it shows what became of the first
    if request.method != "POST":
        return page(request, found, LaunchForm(campaign=found))
    form = LaunchForm(request.POST, campaign=found)
    if not form.is_valid():
        return page(request, found, form, status=422)
    ticks, seen = request.POST.getlist("accepted")[:MOST_TICKS], _number(request.POST.get("seen", ""))
    try:
        with transaction.atomic():  # what was chosen stays only with the launch that it was chosen for
            schedules.choose(campaign=found, actor=request.user, **form.cleaned_data)
            if found.organization.needs_approval and not approved.stands(Campaign.objects.get(pk=found.pk)):
                note = request.POST.get("note", "")
                if "note" not in request.POST:
                    messages.info(request, "It was approved for another time, so somebody is asked again.")
                approvals.ask(campaign=found, actor=request.user, note=note, accepted=ticks, seen=seen)
            else:
                launches.launch(campaign=found, actor=request.user, accepted=ticks, seen=seen)
    except NotReady as refused:
        form.add_error(None, _in_the_way(refused))
        return page(request, found, form, status=422, ticked=ticks)
    except Refused as refused:
        form.add_error(None, str(refused))
        return page(request, found, form, status=422, ticked=ticks)
    if form.note:
        messages.info(request, form.note)
    wake(found)
    return _back(request, found)


def page(
    request: HttpRequest, campaign: Campaign, form: LaunchForm, *, status: int = 200, ticked: list[str] | None = None
) -> HttpResponse:
    """The launch page: what will happen, in words, and the choices."""
    results = checklist.results(campaign)
    needs_approval = request.organization.needs_approval and not approved.stands(campaign)
    form.mark_wanted()
    context = {
        "campaign": campaign,
        "form": form,
        "ready": checklist.is_ready(results),
        "stops": [result for result in results if result.status == "fail"],
        "open": [result for result in results if result.wants_tick],
        "ticked": ticked or [],
        "audience": next((result.evidence for result in results if result.name == "audience"), ""),
        "people": audiences.size(campaign),
        "zone": moments.zone(campaign),
        "needs_approval": needs_approval,
        "approvers": approved.approvers(request.organization, but=request.user) if needs_approval else [],
        "importing": imports.is_adding(request.organization),
    }
    return render(request, "campaigns/launches/show.html", context, status=status)


@require_POST
def take_back(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Until the first mail leaves, whatever it waits for: the end of its undo window, or its time."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    mailing_id, waits = found.mailing_id, found.state == CampaignState.HOLDING
    try:
        launches.take_back(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return _back(request, found)
    if waits:
        organization_id = request.organization.pk
        transaction.on_commit(lambda: tasks.clear_away.delay(organization_id, mailing_id), robust=True)
    messages.success(request, "Taken back. Nothing was sent; it is a draft again.")
    return _back(request, found)


@require_POST
def go_on(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Let the rest of a careful start go."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        canaries.go_on(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The others get it now.")
    return _back(request, found)


@require_POST
def stop(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Stop a careful start by hand."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        canaries.stop(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Stopped. Nobody else gets it until you decide.")
    return _back(request, found)


def wake(campaign: Campaign) -> None:
    """Have a worker freeze a campaign that was just launched. Without the broker the sweep finds it: what was committed is
    never answered with an error."""
    now = Campaign.objects.get(pk=campaign.pk)
    if now.state == CampaignState.LAUNCHING:
        organization_id, campaign_id = now.organization_id, now.pk
        transaction.on_commit(lambda: tasks.freeze.delay(organization_id, campaign_id), robust=True)


def scheduled(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The page of a campaign that waits for its time."""
    context = {
        "campaign": campaign,
        "people": audiences.size(campaign),
        "zone": moments.zone(campaign),
        "words": moments.in_words(campaign),
        "freeze_at": campaign.leaves_at - moments.lead(campaign) if campaign.leaves_at else None,
        "is_late": campaign.leaves_at is not None and campaign.leaves_at < timezone.now(),
    }
    return render(request, "campaigns/launches/scheduled.html", context)


def _in_the_way(refused: NotReady) -> str:
    stops = [result.title for result in refused.results if result.status == "fail"]
    ticks = [result.title for result in refused.results if result.status != "fail"]
    if stops:
        return f"Not sent. This is in the way: {'; '.join(stops)}."
    return f"Not sent. Look at these, and tick them if they are right: {'; '.join(ticks)}."


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
