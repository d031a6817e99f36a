"""Domains and senders: how each domain stands in DNS, what to publish, and how mail is received by each provider."""

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, tenant_url
from accounts.enums import Role
from reputation import colleague_links, tasks
from reputation.queries import domains as clearing
from reputation.queries import totals
from sending import domain_names
from sending.access import domain_for
from sending.actions import domains
from sending.models import SendingDomain
from sending.queries import domains as sending_domains

log = logging.getLogger(__name__)
STOP_POLLING = 286  # htmx: swap this in, and ask no more


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    found = list(sending_domains.of(request.organization))
    clearances = clearing.clearances(found)
    context = {
        "rows": [
            {"domain": one, "shown": domain_names.shown(one.name), "clearance": clearances[one.pk]} for one in found
        ],
        "providers": list(totals.overview_by_provider(request.organization).items()),
        "days": totals.OVERVIEW_DAYS,
        "definitions": totals.DEFINITIONS,
        "least": totals.LEAST_FOR_A_RATE,
        "may_add": may(request, Role.ADMIN),
    }
    return render(request, "reputation/domains/list.html", context)


@require_safe
def domain(request: HttpRequest, org: str, domain: str) -> HttpResponse:
    found = domain_for(request, domain)
    token = colleague_links.mint(organization_id=found.organization_id, domain=found.public_id)
    context = {
        **_state(found),
        "colleague_url": settings.BASE_URL + reverse("colleagues:page", args=[token]),
        "colleague_days": colleague_links.DAYS,
        "publish_url": _publish_url(request) if may(request, Role.MARKETER) else "",
        "may_remove": may(request, Role.ADMIN),
    }
    return render(request, "reputation/domains/domain.html", context)


@require_safe
def added(request: HttpRequest, org: str, domain: str) -> HttpResponse:
    """Comes right after adding: have the first look taken now instead of by the next sweep."""
    found = domain_for(request, domain)
    if found.checked_at is None:
        _wake(found)
    return redirect(tenant_url(request, "reputation:domain", domain=domain))


@require_safe
def records(request: HttpRequest, org: str, domain: str) -> HttpResponse:
    """The live part of a domain's page."""
    state = _state(domain_for(request, domain))
    status = 200 if state["looking"] else STOP_POLLING
    response = render(request, "reputation/domains/_records.html", state, status=status)
    if not state["looking"] and state["clearance"].ready:
        response["HX-Refresh"] = "true"  # the page's head no longer offers to publish
    return response


@require_POST
def check(request: HttpRequest, org: str, domain: str) -> HttpResponse:
    found = domain_for(request, domain, need=Role.MARKETER)
    domains.ask_for_check(domain=found)
    _wake(found)
    messages.success(request, "We are looking in DNS now.")
    return redirect(tenant_url(request, "reputation:domain", domain=domain))


def _wake(found: SendingDomain) -> None:
    # A lost wake-up is no harm: the row says that a check is due, and the next sweep finds it.
    transaction.on_commit(lambda: tasks.check_domain.delay(found.organization_id, found.pk), robust=True)


def _state(found: SendingDomain) -> dict[str, Any]:
    """What the live part shows."""
    return {
        "domain": found,
        "shown": domain_names.shown(found.name),
        "clearance": clearing.clearance(found),
        "cards": clearing.cards(found),
        "second": clearing.optional(found),
        "link": sending_domains.records(found).link,
        "looking": found.check_due_at is not None and found.check_due_at <= timezone.now(),
    }


def _publish_url(request: HttpRequest) -> str:
    """Where the sandbox publishes records; "" when there is none."""
    if not settings.SANDBOX:
        return ""
    try:
        return tenant_url(request, "sandbox:publish")
    except NoReverseMatch:
        return ""
