"""The addresses that are dedicated to an organization: their state, and what each was answered over time. For its admins."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import require
from accounts.enums import Role
from sending.access import address_for
from sending.queries import egress
from sending.queries import rulings as ruled
from sending.queries.egress import Address, Moment


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.ADMIN)
    return render(request, "sending/addresses/list.html", {"addresses": egress.addresses()})


@require_safe
def show(request: HttpRequest, org: str, address: str) -> HttpResponse:
    found = address_for(request, address)
    days = days_of(request)
    return render(
        request,
        "sending/addresses/show.html",
        timeline(found, days, ZoneInfo(request.organization.time_zone))
        | {"rulings": ruled.of_source(found.id, days=days)},
    )


def days_of(request: HttpRequest) -> int:
    """How far back a page looks. Raises Http404."""
    text = request.GET.get("days", "1")
    if text not in map(str, egress.SPANS):
        raise Http404("There is no such length of time.")
    return int(text)


def timeline(address: Address, days: int, zone: ZoneInfo) -> dict[str, Any]:
    """What a page of one address shows."""
    moments = egress.timeline(source_id=address.id, days=days)
    providers = egress.by_provider(source_id=address.id, days=days)
    return {
        "address": address,
        "days": days,
        "spans": [(1, "Last 24 hours"), (7, "Last 7 days"), (30, "Last 30 days")],
        "moments": [moment for moment in moments if moment.counts.tried or moment.counts.complained],
        "chart": _chart(moments, zone, days) if any(moment.counts.tried for moment in moments) else None,
        "providers": providers,
    }


def _chart(moments: list[Moment], zone: ZoneInfo, days: int) -> dict[str, Any]:
    oldest_first = moments[::-1]
    form = "%H:%M" if days == 1 else "%-d %b"
    return {
        "type": "bar",
        "stacked": True,
        "labels": [moment.since.astimezone(zone).strftime(form) for moment in oldest_first],
        "series": [
            {"label": label, "values": [getattr(moment.counts, name) for moment in oldest_first]}
            for label, name in (
                ("Delivered", "delivered"),
                ("Bounced", "bounced"),
                ("Put off", "deferred"),
                ("Blocked", "blocked"),
            )
        ],
    }
