"""A send: pause, resume, cancel; watch it; the people behind each part."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from accounts.tenancy import tenant_scope
from campaigns import ab_testing, tasks, wording
from campaigns.access import campaign_for
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.queries import reports, variants
from campaigns.views import csv_files, link_changes
from reputation.queries import totals
from reputation.queries.totals import Counts
from sending.enums import REST, BarPart
from sending.queries import mailings

STOP_POLLING = 286  # htmx: the last answer


@require_POST
def pause(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        launches.pause(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request, found)


@require_POST
def resume(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    try:
        launches.resume(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request, found)


@require_POST
def cancel(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign, need=Role.MARKETER)
    if request.POST.get("name", "").strip() != found.name:
        messages.error(request, "Not cancelled: the name that was typed is another one.")
        return _back(request, found)
    try:
        launches.cancel(campaign=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        organization_id, mailing_id = request.organization.pk, found.mailing_id
        transaction.on_commit(lambda: tasks.clear_away.delay(organization_id, mailing_id), robust=True)
        messages.success(request, "Cancelled. Nothing more leaves; what was delivered before stays delivered.")
    return _back(request, found)


@require_safe
def live(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """The moving part of the report."""
    found = campaign_for(request, campaign)
    ended = found.finished_at is not None or found.state == CampaignState.DRAFT
    context = {
        "campaign": found,
        "report": reports.of(found),
        "definitions": totals.DEFINITIONS,
        "may_change_links": link_changes.may_change(request, found),
    }
    template = "campaigns/home/_bar.html" if request.GET.get("only") == "bar" else "campaigns/campaigns/_live.html"
    response = render(request, template, context, status=STOP_POLLING if ended else 200)
    if ended or request.GET.get("state") not in (None, found.state):
        response["HX-Refresh"] = "true"
    return response


@require_safe
def people(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign)
    part, after, variant = _part(request), request.GET.get("after", ""), _variant(request, found)
    rows, following, counts = [], None, Counts()
    if found.mailing is not None:
        start = int(after) if after.isdecimal() and len(after) < 19 else 0
        rows, following = mailings.people(found.mailing, part, variant=variant, after=start)
        rows = mailings.with_replies(rows)
        if variant is None:
            counts = totals.of_mailing(found.mailing.pk)
        else:
            counts = totals.by_variant(found.mailing.pk).get(variant, Counts())
    context = {
        "campaign": found,
        "part": part,
        "parts": list(counts.parts.items()),
        "audience": counts.audience if variant is not None else found.mailing.audience_size if found.mailing else None,
        "version": _name(variant) if variant is not None else "",
        "versions": [(_name(each), variants.part_name(found, each)) for each in variants.parts(found)],
        "rows": [(row, wording.words(row.state.name.lower(), row.reason)) for row in rows],
        "page": {"next": following, "previous": None},
        "later": bool(after),
    }
    return render(request, "campaigns/sends/people.html", context)


@require_safe
def people_csv(request: HttpRequest, org: str, campaign: str) -> StreamingHttpResponse:
    found = campaign_for(request, campaign)
    part, variant, organization = _part(request), _variant(request, found), request.organization

    def rows() -> Iterator[list[Any]]:
        yield ["address", "status", "reason", "reply_code", "reply", "attempts", "next_try", "provider", "changed_at"]
        after: int | None = 0 if found.mailing is not None else None
        while after is not None and found.mailing is not None:
            with tenant_scope(organization):
                some, after = mailings.people(found.mailing, part, variant=variant, after=after, limit=csv_files.PIECE)
                some = mailings.with_replies(some)
            for row in some:
                yield [
                    row.address,
                    row.state.label,
                    wording.words(row.state.name.lower(), row.reason).what,
                    row.code,
                    row.text,
                    row.attempts,
                    row.due_at.isoformat() if row.state.name == "DEFERRED" else "",
                    row.provider,
                    row.changed_at.isoformat(),
                ]

    name = f"{found.public_id}-{part.value if part else 'everybody'}"
    version = f"-version-{_name(variant).lower()}" if variant is not None else ""
    return csv_files.response(f"{name}{version}.csv", rows())


def _part(request: HttpRequest) -> BarPart | None:
    chosen = request.GET.get("part", "")
    return BarPart(chosen) if chosen in BarPart.values else None


def _variant(request: HttpRequest, campaign: Campaign) -> int | None:
    """The version that is asked for: its number, or "rest"; None for all, and where nothing is tested."""
    given = request.GET.get("version", "")
    return next((each for each in variants.parts(campaign) if given in (str(each), _name(each))), None)


def _name(variant: int) -> str:
    """As it stands in an address: A, B, rest."""
    return "rest" if variant == REST else ab_testing.name(variant)


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
