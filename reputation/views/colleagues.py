"""The page for a colleague who publishes the records: no login, live ticks, and nothing but this domain."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Organization
from accounts.tenancy import tenant_scope_id
from reputation import colleague_links, tasks
from reputation.queries import domains as clearing
from sending import domain_names
from sending.actions import domains
from sending.models import SendingDomain
from sending.queries import domains as sending_domains

AT_MOST_EVERY = timedelta(seconds=10)


def _by_token(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Opens the token and the organization's scope; the token is the authority, so there is no cookie to forge."""

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        link = colleague_links.read(token)
        response = None
        if link is not None:
            try:
                with tenant_scope_id(link.organization_id) as organization:
                    domain = SendingDomain.objects.filter(public_id=link.domain).first()
                    if domain is not None:
                        response = view(request, organization, domain, token)
            except Organization.DoesNotExist:
                pass
        if response is None:
            response = render(request, "reputation/colleagues/gone.html", {"days": colleague_links.DAYS}, status=404)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return csrf_exempt(answer)


@require_safe
@_by_token
def page(request: HttpRequest, organization: Organization, domain: SendingDomain, token: str) -> HttpResponse:
    return render(request, "reputation/colleagues/page.html", _context(organization, domain, token))


@require_POST
@_by_token
def look(request: HttpRequest, organization: Organization, domain: SendingDomain, token: str) -> HttpResponse:
    """Look in DNS again, at most every AT_MOST_EVERY; answers the live part, or the page without JavaScript."""
    if domain.checked_at is None or timezone.now() - domain.checked_at > AT_MOST_EVERY:
        domains.ask_for_check(domain=domain)
        ids = (domain.organization_id, domain.pk)
        transaction.on_commit(lambda: tasks.check_domain.delay(*ids), robust=True)
    template = "_live" if request.headers.get("HX-Request") else "page"
    return render(request, f"reputation/colleagues/{template}.html", _context(organization, domain, token))


def _context(organization: Organization, domain: SendingDomain, token: str) -> dict[str, Any]:
    return {
        "asking": organization,
        "domain": domain,
        "shown": domain_names.shown(domain.name),
        "clearance": clearing.clearance(domain),
        "cards": clearing.cards(domain),
        "second": clearing.optional(domain),
        "link": sending_domains.records(domain).link,
        "token": token,
    }
