"""The report of a send, and its click map."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns import ab_testing, preflight
from campaigns.access import campaign_for
from campaigns.models import Campaign
from campaigns.queries import click_maps, follow_ups, reports, variants
from campaigns.queries.reports import Edition, Hour
from campaigns.views import link_changes, preview_policy
from sending.enums import REST
from sending.models import Mailing


def report(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The page of a campaign that was launched."""
    context = {
        "campaign": campaign,
        "report": reports.of(campaign),
        "letter": variants.sent_letter(campaign),
        "ticked": [title for name, title in preflight.TITLES.items() if name in campaign.accepted_warnings],
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
    mailing, editions, chosen = _editions(request, found)
    sent_to, _ = editions[chosen]
    counts = reports.totals.by_variant(mailing.pk)
    context = {
        "campaign": found,
        "chosen": chosen,
        "editions": [_name(found, each) for each, _ in editions],
        "links": reports.links(mailing, sent_to),
        "delivered": sum(counts[each].delivered for each in sent_to if each in counts),
        "may_change_links": link_changes.may_change(request, found),
    }
    return render(request, "campaigns/reports/click_map.html", context)


@require_safe
def click_map_mail(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    """What the click map's frame shows."""
    found = campaign_for(request, campaign)
    mailing, editions, chosen = _editions(request, found)
    sent_to, letter = editions[chosen]
    numbers = {
        index: (link.number, link.people) for link in reports.links(mailing, sent_to) for _, index in link.places
    }
    return preview_policy.mail(click_maps.html(letter, numbers))


def _editions(request: HttpRequest, campaign: Campaign) -> tuple[Mailing, list[Edition], int]:
    """The letters of a send, and which one is looked at: a version of a test has one of its own."""
    mailing = campaign.mailing
    editions = reports.editions(mailing) if mailing is not None else []
    if mailing is None or not editions:
        raise Http404("Nothing has been sent yet.")
    given = request.GET.get("edition", "0")
    return mailing, editions, int(given) if given.isdecimal() and len(given) < 3 and int(given) < len(editions) else 0


def _name(campaign: Campaign, sent_to: tuple[int, ...]) -> str:
    versions = " and ".join(ab_testing.name(each) for each in sent_to if 0 < each < REST)
    rest = " and the others" if REST in sent_to and campaign.test.get("winner") else ""
    return f"Version {versions}{rest}"
