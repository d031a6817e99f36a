"""The audience's part of the jobs bell: imports that run or wait for review."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contacts.queries import imports


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    return render(request, "contacts/jobs/list.html", {"rows": imports.working(request.organization)})
