"""What is on its way: an organization's own mail that waits, why, and the messages behind each number."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from accounts.access import require
from accounts.enums import Role
from campaigns.queries import waiting as queues
from sending.queries import esp_accounts, waiting
from sending.queries.waiting import AGES


@dataclass(frozen=True, slots=True)
class Page:
    """For the pager. There is no way back but the browser's: the queue goes on meanwhile."""

    next: str | None
    previous: None = None


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.ADMIN)
    context = {
        "queue": queues.of(request.organization),
        "columns": queues.COLUMNS,
        "troubled": esp_accounts.in_trouble(request.organization),
    }
    return render(request, "campaigns/waiting/list.html", context)


@require_safe
def messages(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.ADMIN)
    query = request.GET
    age = query.get("age", "")
    chosen = int(age) if age.isascii() and age.isdigit() and len(age) < 3 and int(age) <= len(AGES) else None
    found, following = waiting.messages(
        organization_id=request.organization.pk,
        provider=_text(query.get("provider")),
        age=chosen,
        hold=_text(query.get("hold")),
        reason=_text(query.get("reason")),
        after=_cursor(query.get("after", "")),
    )
    context = {
        "lines": queues.lines(found),
        "provider": queues.label(_text(query.get("provider")) or "") if "provider" in query else "",
        "age": queues.COLUMNS[chosen] if chosen is not None else "",
        "page": Page(f"{following[0].isoformat()} {following[1]}" if following else None),
        "is_first": not query.get("after"),
    }
    return render(request, "campaigns/waiting/messages.html", context)


def _text(value: str | None) -> str | None:
    """What PostgreSQL can compare with a word of the ledger."""
    return None if value is None else value.replace("\x00", "")[:80]


def _cursor(text: str) -> tuple[datetime, int] | None:
    """The place that a page goes on from; None for the first, and for what is none."""
    at, _, number = text.partition(" ")
    try:
        since = parse_datetime(at)
    except ValueError:
        return None
    if since is None or since.tzinfo is None or not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return since, int(number)
