"""A test of versions: set it up, give it up; choose by hand what the rest gets."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import may, tenant_url
from accounts.enums import Role
from campaigns import ab_testing, careful_start
from campaigns.access import campaign_for
from campaigns.actions import variants as verbs
from campaigns.actions import winners
from campaigns.enums import CampaignState, Differs, Metric
from campaigns.errors import Refused
from campaigns.forms.variants import TestForm
from campaigns.models import Campaign
from campaigns.queries import audiences, content, variants
from contacts.segments.tree import BadDefinition


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """What differs, who gets a version, what counts, what then. Analysts look."""
    need = Role.ANALYST if request.method in ("GET", "HEAD") else Role.MARKETER
    found = campaign_for(request, campaign, need=need)
    if found.state != CampaignState.DRAFT:
        return _back(request, found)
    form = TestForm(
        request.POST or None,
        campaign=found,
        rows=variants.rows(found),
        names=content.merge_names(request.organization),
    )
    if request.method == "POST" and form.is_valid():
        try:
            verbs.set_up(campaign=found, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Saved. Look at what the checklist says of the versions.")
            if form.cleaned_data["what"] == Differs.CONTENT:
                return redirect(tenant_url(request, "campaigns:campaign_versions", campaign=found.public_id))
            return _back(request, found)
    status = 422 if form.errors else 200
    form.mark_wanted()
    return render(request, "campaigns/variants/edit.html", _context(request, found, form), status=status)


def _context(request: HttpRequest, campaign: Campaign, form: TestForm) -> dict[str, Any]:
    settings = ab_testing.Settings.of(campaign.test)
    versions = variants.of(campaign)
    if not may(request, Role.MARKETER):
        for field in form.fields.values():
            field.disabled = True
    return {
        "campaign": campaign,
        "form": form,
        "settings": settings,
        "versions": versions,
        "plan": ab_testing.plan(settings, [each.delay for each in versions]) if settings is not None else [],
        "is_content": settings is not None and settings.what == Differs.CONTENT,
        "is_careful": careful_start.Settings.of(campaign.canary) is not None,
        "offers": _offers(campaign, len(versions)),
    }


def _offers(campaign: Campaign, versions: int) -> dict[str, Any] | None:
    """How many people a version gets, and what so many can show; None when the audience is not known yet."""
    try:
        counted = audiences.count(campaign)
    except BadDefinition:
        return None
    if counted is None:
        return None
    people = counted.people - counted.skipped
    settings = ab_testing.Settings.of(campaign.test) or ab_testing.Settings.of({"share": ab_testing.DEFAULTS["share"]})
    assert settings is not None
    count = versions or 2
    groups, rest = ab_testing.sizes(settings, count, people)
    usual = variants.usual_rate(campaign, settings.metric)
    return {
        "people": people,
        "count": count,
        "each": min(groups),
        "most": max(groups),
        "rest": rest,
        "could_see": ab_testing.could_see(settings, count, min(groups), usual),
        "is_hopeless": ab_testing.is_hopeless(count, min(groups), usual),
    }


@require_POST
def give_up(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        verbs.give_up(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "No versions any more: everybody gets the campaign as it stands.")
    return _back(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """Give the rest a version: the numbers first, then the button."""
    found = campaign_for(request, campaign, need=Role.MARKETER)
    results = variants.results(found)
    if results is None or not results.may_choose:
        if request.method == "POST":
            messages.info(request, "Nobody waits for a winner any more.")
        return _back(request, found)
    given = (request.POST if request.method == "POST" else request.GET).get("version", "")
    chosen = next((part for part in results.parts if str(part.variant) == given), None)
    if chosen is None:
        raise Http404("There is no such version.")
    if request.method != "POST":
        return render(
            request,
            "campaigns/variants/choose.html",
            {"campaign": found, "test": results, "chosen": chosen, "opens": results.settings.metric == Metric.OPENS},
        )
    try:
        winners.choose(campaign=found, number=chosen.variant, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"The others get version {chosen.name}.")
    return _back(request, found)


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
