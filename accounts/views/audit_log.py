"""The audit log: who did what, when."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.queries import houses


def _cursor(text: str | None) -> int | None:
    """A cursor of the address; nonsense is the beginning."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def list_(request: HttpRequest, org: str) -> HttpResponse:
    log = houses.log(
        request.organization, after=_cursor(request.GET.get("after")), before=_cursor(request.GET.get("before"))
    )
    return render(request, "accounts/audit_log/list.html", {"log": log})
