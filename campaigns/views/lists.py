"""Campaigns in a list, in a calendar, and side by side."""

import re
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.enums import CampaignState
from campaigns.queries import lists
from campaigns.queries.lists import Filter
from reputation.queries.totals import DEFINITIONS

_MONTH = re.compile(r"(2[01]\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    wanted = Filter(
        search=request.GET.get("q", "").strip()[:200],
        state=request.GET.get("state", ""),
        tag=request.GET.get("tag", "").strip()[:100],
    )
    page = lists.page(request.organization, wanted, after=_cursor(request, "after"), before=_cursor(request, "before"))
    context = {
        "page": page,
        "wanted": wanted,
        "states": CampaignState.choices,
        "tags": lists.tags(request.organization),
        "later": "after" in request.GET or "before" in request.GET,
    }
    return render(request, "campaigns/campaigns/list.html", context)


@require_safe
def calendar(request: HttpRequest, org: str) -> HttpResponse:
    """A month; ?month=2026-11."""
    today = timezone.now().astimezone(ZoneInfo(request.organization.time_zone)).date()
    asked = _MONTH.fullmatch(request.GET.get("month", ""))
    year, number = (int(asked[1]), int(asked[2])) if asked else (today.year, today.month)
    month = lists.month(request.organization, year, number)
    return render(
        request, "campaigns/campaigns/calendar.html", {"month": month, "is_now": month.first == today.replace(day=1)}
    )


@require_safe
def compare(request: HttpRequest, org: str) -> HttpResponse:
    """Two to five sends; ?c=…&c=…."""
    chosen = lists.compared(request.organization, request.GET.getlist("c")[:50])
    context = {
        "chosen": chosen,
        "enough": len(chosen) >= lists.LEAST_TO_COMPARE,
        "most": lists.MOST_TO_COMPARE,
        "too_many": len(set(request.GET.getlist("c"))) > lists.MOST_TO_COMPARE,
        "definitions": DEFINITIONS,
    }
    return render(request, "campaigns/campaigns/compare.html", context)


def _cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
