"""The people behind the numbers of a report: who opened, who clicked which link, who left, who complained; as CSV too."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.tenancy import tenant_scope
from campaigns.access import campaign_for
from campaigns.queries import reports
from campaigns.queries.reports import ClickedLink
from campaigns.views import csv_files
from reputation.queries.totals import Counts
from sending.enums import EventKind
from sending.queries import engagements
from sending.queries.engagements import Deed

# The tabs; who clicked by machine is found by their address only.
_NUMBERS = {
    Deed.OPENED: EventKind.FIRST_OPENED,
    Deed.MACHINE: EventKind.FIRST_OPENED_MACHINE,
    Deed.CLICKED: EventKind.FIRST_CLICKED,
    Deed.UNSUBSCRIBED: EventKind.UNSUBSCRIBED,
    Deed.COMPLAINED: EventKind.COMPLAINED,
}


@require_safe
def people(request: HttpRequest, org: str, campaign: str) -> HttpResponse:
    found = campaign_for(request, campaign)
    deed, after = _deed(request), request.GET.get("after", "")
    links = reports.links(found.mailing) if found.mailing is not None else []
    link = _link(request, deed, links)
    rows, following = [], None
    if found.mailing is not None:
        start = int(after) if after.isdecimal() and len(after) < 19 else 0
        rows, following = engagements.people(
            found.mailing, deed, links=list(link.places) if link else None, after=start
        )
    counts = reports.totals.of_mailing(found.mailing_id) if found.mailing_id else Counts()
    context = {
        "campaign": found,
        "deed": deed,
        "deeds": [(each, _count(counts, each)) for each in _NUMBERS],
        "link": link,
        "links": links if deed == Deed.CLICKED else [],
        "rows": [(row, _urls(row, links)) for row in rows],
        "page": {"next": following, "previous": None},
        "later": bool(after),
    }
    return render(request, "campaigns/reports/people.html", context)


@require_safe
def people_csv(request: HttpRequest, org: str, campaign: str) -> StreamingHttpResponse:
    found = campaign_for(request, campaign)
    deed, organization = _deed(request), request.organization
    links = reports.links(found.mailing) if found.mailing is not None else []
    link = _link(request, deed, links)
    places = list(link.places) if link else None

    def rows() -> Iterator[list[Any]]:
        yield ["address", "what", "first_at", "provider", "links"]
        after: int | None = 0 if found.mailing is not None else None
        while after is not None and found.mailing is not None:
            with tenant_scope(organization):
                some, after = engagements.people(found.mailing, deed, links=places, after=after, limit=csv_files.PIECE)
            for person in some:
                urls = " ".join(each.url for each in _urls(person, links))
                yield [person.address, deed.label, person.at.isoformat(), person.provider, urls]

    name = f"{found.public_id}-{deed.value}{f'-link-{link.number}' if link else ''}.csv"
    return csv_files.response(name, rows())


def _deed(request: HttpRequest) -> Deed:
    chosen = request.GET.get("did", "")
    return Deed(chosen) if chosen in Deed.values else Deed.OPENED


def _link(request: HttpRequest, deed: Deed, links: list[ClickedLink]) -> ClickedLink | None:
    chosen = request.GET.get("link", "")
    return next((link for link in links if deed == Deed.CLICKED and str(link.number) == chosen), None)


def _count(counts: Counts, deed: Deed) -> int:
    return counts.unsubscribes if deed == Deed.UNSUBSCRIBED else counts.of(_NUMBERS[deed])


def _urls(person: engagements.Person, links: list[ClickedLink]) -> list[ClickedLink]:
    mine = {(person.variant, index) for index in person.links}
    return [link for link in links if mine.intersection(link.places)]
