"""The report of a send, and its click map."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.access import campaign_for
from campaigns.models import Campaign
from campaigns.queries import click_maps, follow_ups, reports
from campaigns.queries.reports import Hour
from campaigns.views import link_changes, preview_policy
from sending.models import Letter, Mailing


def report(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The page of a campaign that was launched."""
    context = {
        "campaign": campaign,
        "report": reports.of(campaign),
        "definitions": reports.totals.DEFINITIONS,
        "followers": follow_ups.followers(campaign),
        "may_follow": follow_ups.may_follow(campaign),
        "of_earlier": follow_ups.in_words(campaign),
        "may_change_links": link_changes.may_change(request, campaign),
        **times(campaign.mailing, request.organization.time_zone),
    }
    return render(request, "campaigns/campaigns/report.html", context)


def times(mailing: Mailing | None, zone: str) -> dict[str, Any]:
    """Context of `campaigns/reports/_times.html`: the hours of the day, and their chart."""
    hours = reports.times(mailing, ZoneInfo(zone)) if mailing is not None else []
    return {"hours": hours, "hours_chart": _chart(hours) if hours else None, "zone": zone}


def _chart(hours: list[Hour]) -> dict[str, Any]:
    return {
        "type": "bar",
        "labels": [f"{hour.hour:02d}:00" for hour in hours],
        "series": [
            {"label": "Opened", "values": [hour.opens for hour in hours]},
            {"label": "Clicked", "values": [hour.clicks for hour in hours]},
        ],
    }


@require_safe
def click_map(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """The mail in a frame with numbers over its links, and the same numbers as a table."""
    found = campaign_for(request, campaign)
    mailing, variant, letters = _letters(request, found)
    context = {
        "campaign": found,
        "variant": variant,
        "variants": [(number, chr(64 + number) if number else "Sent to the rest") for number in letters],
        "links": [link for link in reports.links(mailing) if any(place[0] == variant for place in link.places)],
        "delivered": reports.totals.of_mailing(mailing.pk).delivered,
        "may_change_links": link_changes.may_change(request, found),
    }
    return render(request, "campaigns/reports/click_map.html", context)


@require_safe
def click_map_mail(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """What the click map's frame shows."""
    found = campaign_for(request, campaign)
    mailing, variant, letters = _letters(request, found)
    numbers = {
        index: (link.number, link.people)
        for link in reports.links(mailing)
        for its_variant, index in link.places
        if its_variant == variant
    }
    return preview_policy.mail(click_maps.html(letters[variant], numbers))


def _letters(request: HttpRequest, campaign: Campaign) -> tuple[Mailing, int, dict[int, Letter]]:
    mailing = campaign.mailing
    letters = reports.letters(mailing) if mailing is not None else {}
    if mailing is None or not letters:
        raise Http404("Nothing has been sent yet.")
    chosen = request.GET.get("variant", "0")
    variant = int(chosen) if chosen.isdecimal() and len(chosen) < 5 and int(chosen) in letters else min(letters)
    return mailing, variant, letters
