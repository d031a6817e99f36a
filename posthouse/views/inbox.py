"""The sandbox inbox: every mail that the sandbox's mailboxes got, as its reader sees it. Open to all who reach the sandbox.

Trap: a mail is foreign HTML. It is shown in a frame without scripts, forms or our origin, under a policy of its own, and
pictures come from our own two hosts only: nothing leaves this computer, not even by a look at a mail.
"""

import datetime
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from posthouse.access import sandbox_only
from posthouse.sandbox import letters
from posthouse.sandbox.store import Kept, Store
from sending.mailroom.parts import Part, open_message

PAGE = 40
SHOWN_HEADERS = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
    "Precedence",
    "Auto-Submitted",
    "DKIM-Signature",
)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A message in the list."""

    kept: Kept
    at: datetime.datetime


@require_safe
@never_cache
@sandbox_only
def list_(request: HttpRequest) -> HttpResponse:
    mailbox = request.GET.get("mailbox", "").strip().lower()[:320]
    search = request.GET.get("q", "").strip()[:320]
    before = request.GET.get("after", "")
    with Store(settings.SANDBOX_STORE) as store:
        found = store.messages(
            mailbox=mailbox,
            search=search,
            limit=PAGE + 1,
            before=int(before[:18]) if before.isdecimal() and before.isascii() else 0,
        )
    older = str(found[PAGE - 1].id) if len(found) > PAGE else None
    context = {
        "rows": [_row(kept) for kept in found[:PAGE]],
        "mailbox": mailbox,
        "q": search,
        "page": {"next": older, "previous": None},
    }
    return render(request, "posthouse/inbox/list.html", context)


@require_safe
@never_cache
@sandbox_only
def message(request: HttpRequest, message: int) -> HttpResponse:
    kept = _kept(message)
    opened = open_message(kept.raw)
    headers = letters.headers_of(kept.raw)
    host, path = letters.leave_url(headers)
    scheme = urlsplit(settings.LINK_URL).scheme
    context = {
        "row": _row(kept),
        "has_html": _part(opened, "text/html") is not None,
        "text": text.text()[:100_000] if (text := _part(opened, "text/plain")) else "",
        "headers": [
            (name, letters.readable(headers[name.lower()])) for name in SHOWN_HEADERS if name.lower() in headers
        ],
        "leave_url": f"{scheme}://{host}{path}" if path else "",
    }
    return render(request, "posthouse/inbox/message.html", context)


@require_safe
@never_cache
@sandbox_only
def html(request: HttpRequest, message: int) -> HttpResponse:
    """The mail's HTML for the frame. Its links open beside the inbox."""
    part = _part(open_message(_kept(message).raw), "text/html")
    if part is None:
        raise Http404
    base = '<base target="_blank">'
    shown, replaced = _HEAD.subn(lambda found: found.group() + base, part.text(), count=1)
    response = HttpResponse(shown if replaced else base + shown)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; img-src 'self' data: {settings.LINK_URL} {settings.BASE_URL}; style-src 'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    return response


@require_safe
@never_cache
@sandbox_only
def source(request: HttpRequest, message: int) -> HttpResponse:
    """The mail as it came over the wire."""
    return HttpResponse(_kept(message).raw, content_type="text/plain; charset=utf-8")


def _kept(message: int) -> Kept:
    if message >= 2**63:
        raise Http404
    with Store(settings.SANDBOX_STORE) as store:
        kept = store.message(message)
    if kept is None:
        raise Http404("This message is not kept any more.")
    return kept


def _row(kept: Kept) -> Row:
    return Row(kept, datetime.datetime.fromtimestamp(kept.at, datetime.UTC))


def _part(opened: Part, kind: str) -> Part | None:
    return next((part for part in opened.walk() if part.kind == kind), None)
