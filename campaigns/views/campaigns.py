"""Campaigns: a new one, the checklist or the report of one, its audience and sender."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from campaigns.access import brand_for, campaign_for
from campaigns.actions import campaigns as verbs
from campaigns.enums import CampaignState, Decision
from campaigns.errors import Refused
from campaigns.forms.campaigns import CampaignForm, NewCampaignForm
from campaigns.forms.test_sends import TestForm
from campaigns.models import Campaign
from campaigns.queries import approvals as approved
from campaigns.queries import audiences, content, follow_ups, variants
from campaigns.views import approvals, checks, launches, reports
from contacts.models import Topic
from contacts.segments.tree import BadDefinition
from sending.enums import DomainState
from sending.models import SendingDomain

_STARTED = "This campaign has been started. What was sent cannot be changed any more."
_NO_DRAFT = {
    CampaignState.TO_APPROVE: "It waits for approval. Ask no longer to edit it.",
    CampaignState.SCHEDULED: "It is scheduled. Unschedule it to edit it.",
    CampaignState.LAUNCHING: "It is about to leave. Take it back to edit it.",
    CampaignState.HOLDING: "It is about to leave. Take it back to edit it.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    only = list(Topic.objects.filter(organization=request.organization, archived_at=None)[:2])
    form = NewCampaignForm(
        request.POST or None, organization=request.organization, initial={"topic": only[0] if len(only) == 1 else None}
    )
    if request.method == "POST" and form.is_valid():
        topic = form.cleaned_data["topic"]
        brand = topic.brand if topic else brand_for(request)
        verified = SendingDomain.objects.filter(organization=request.organization, state=DomainState.VERIFIED)
        campaign = verbs.create(
            organization=request.organization,
            brand=brand,
            actor=request.user,
            domain=verified.order_by("id").first(),
            **form.cleaned_data,
        )
        return redirect(tenant_url(request, "campaigns:campaign_content", campaign=campaign.public_id))
    return render(request, "campaigns/campaigns/new.html", {"form": form})


@require_safe
def show(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign)
    if found.state == CampaignState.DRAFT:
        return draft(request, found)
    if found.state == CampaignState.TO_APPROVE:
        return approvals.show(request, found)
    if found.state == CampaignState.SCHEDULED:
        return launches.scheduled(request, found)
    return reports.report(request, found)


def draft(request: HttpRequest, campaign: Campaign, *, test: TestForm | None = None, status: int = 200) -> HttpResponse:
    """The page of a draft: its checklist, and what is left to do."""
    context = {
        **checks.panel(request, campaign),
        "test": test
        or TestForm(
            initial={"to": request.user.email},
            organization=request.organization,
            versions=variants.of(campaign),
        ),
        "test_open": test is not None,
        "chosen_testers": request.POST.getlist("testers"),
        "of_earlier": follow_ups.in_words(campaign),
        **_sent_back(campaign),
    }
    return render(request, "campaigns/campaigns/draft.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if found.state != CampaignState.DRAFT:
        messages.warning(request, _NO_DRAFT.get(CampaignState(found.state), _STARTED))
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    form = CampaignForm(
        request.POST or None,
        campaign=found,
        organization=request.organization,
        names=content.merge_names(request.organization),
    )
    if request.method == "POST" and form.is_valid():
        try:
            verbs.edit(campaign=found, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Saved.")
            return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    status = 422 if form.errors else 200
    form.mark_wanted()
    context = {"form": form, "campaign": found, "of_earlier": follow_ups.in_words(found)}
    return render(request, "campaigns/campaigns/edit.html", context, status=status)


@require_safe
def audience(request: HttpRequest, org: str) -> HttpResponse:
    """A fragment: how many people a topic and a segment make; of a resend or correction (`of`), of those it is for."""
    form = NewCampaignForm({**request.GET.dict(), "name": "audience"}, organization=request.organization)
    count, trouble, words = None, "", ""
    if form.is_valid() and form.cleaned_data["topic"]:
        of = request.GET.get("of", "").replace("\x00", "")
        chosen = campaign_for(request, of) if of else Campaign(organization=request.organization)
        for name in ("topic", "segment", "excluded_segment"):
            setattr(chosen, name, form.cleaned_data[name])
        try:
            count = audiences.count(chosen)
            words = audiences.in_words(chosen)
        except BadDefinition as error:
            trouble = str(error)
    return render(request, "campaigns/campaigns/_audience.html", {"count": count, "trouble": trouble, "words": words})


@require_POST
def discard(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        verbs.discard(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "campaigns:campaign", campaign=found.public_id))
    messages.success(request, f"The draft “{found.name}” is gone.")
    return redirect(tenant_url(request, "campaigns:campaigns"))


def _sent_back(campaign: Campaign) -> dict[str, object]:
    """What a second person wanted to be different, until it is asked for again."""
    asked = approved.last(campaign)
    if asked is None or asked.decision != Decision.REFUSED or asked.decided_by_id in (None, asked.asked_by_id):
        return {}
    return {"sent_back": asked, "sent_back_title": f"{asked.decided_by} sent it back"}
