"""The bell: sends in motion, on any page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.queries import campaigns


@require_safe
def running(request: HttpRequest, org: str) -> HttpResponse:
    return render(request, "campaigns/jobs/running.html", {"rows": campaigns.in_motion(request.organization)})
