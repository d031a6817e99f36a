"""A send: pause, resume, cancel; watch it; the people behind each part."""

import csv
from collections.abc import Iterator

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from accounts.tenancy import tenant_scope
from campaigns import tasks, wording
from campaigns.access import campaign_for
from campaigns.actions import launches
from campaigns.enums import CampaignState
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.queries import reports
from sending.enums import BarPart
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
    context = {"campaign": found, "report": reports.of(found), "definitions": reports.totals.DEFINITIONS}
    template = "campaigns/home/_bar.html" if request.GET.get("only") == "bar" else "campaigns/campaigns/_live.html"
    response = render(request, template, context, status=STOP_POLLING if ended else 200)
    if ended or request.GET.get("state") not in (None, found.state):
        response["HX-Refresh"] = "true"
    return response


@require_safe
def people(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign)
    part, after = _part(request), request.GET.get("after", "")
    rows, following = ([], None)
    if found.mailing is not None:
        start = int(after) if after.isdecimal() and len(after) < 19 else 0
        rows, following = mailings.people(found.mailing, part, after=start)
        rows = mailings.with_replies(rows)
    report = reports.of(found)
    context = {
        "campaign": found,
        "part": part,
        "parts": [(each, report.parts[each.value] if report else 0) for each in BarPart],
        "audience": found.mailing.audience_size if found.mailing else None,
        "rows": [(row, wording.words(row.state.name.lower(), row.reason)) for row in rows],
        "page": {"next": following, "previous": None},
        "later": bool(after),
    }
    return render(request, "campaigns/sends/people.html", context)


@require_safe
def people_csv(request: HttpRequest, org: str, campaign: str) -> StreamingHttpResponse:
    found = campaign_for(request, campaign)
    part = _part(request)
    organization = request.organization

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield "\ufeff" + writer.writerow(
            ["address", "status", "reason", "reply_code", "reply", "attempts", "next_try", "provider", "changed_at"]
        )
        if found.mailing is None:
            return
        after: int | None = 0
        # The request's scope is closed by now; and one scope a page keeps the transactions short.
        while after is not None:
            with tenant_scope(organization):
                rows, after = mailings.people(found.mailing, part, after=after, limit=1_000)
                rows = mailings.with_replies(rows)
            for row in rows:
                words = wording.words(row.state.name.lower(), row.reason)
                yield writer.writerow(
                    [
                        _cell(row.address),
                        row.state.label,
                        _cell(words.what),
                        row.code,
                        _cell(row.text),
                        row.attempts,
                        row.due_at.isoformat() if row.state.name == "DEFERRED" else "",
                        row.provider,
                        row.changed_at.isoformat(),
                    ]
                )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    name = f"{found.public_id}-{part.value if part else 'everybody'}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class _Echo:
    def write(self, value: str) -> str:
        return value


def _cell(value: str) -> str:
    """A cell that a spreadsheet takes for words: what begins like a formula gets an apostrophe."""
    return f"'{value}" if value[:1] in "=+-@\t\r" and value[:1] else value


def _part(request: HttpRequest) -> BarPart | None:
    chosen = request.GET.get("part", "")
    return BarPart(chosen) if chosen in BarPart.values else None


def _back(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return redirect(tenant_url(request, "campaigns:campaign", campaign=campaign.public_id))
