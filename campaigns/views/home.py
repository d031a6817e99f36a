"""Home: the one next step, how mail is doing, what is in motion."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from django.views.decorators.http import require_safe

from accounts.access import tenant_url
from accounts.templatetags.navigation import address
from campaigns.queries import campaigns, next_steps
from reputation.queries import totals

SANDBOX_CARD = "posthouse/sandbox_card.html"


@require_safe
def show(request: HttpRequest, org: str) -> HttpResponse:
    step = next_steps.of(request.organization, request.role, request.user)
    providers = totals.overview_by_provider(request.organization)
    return render(
        request,
        "campaigns/home/show.html",
        {
            "step": step,
            "step_url": _step_url(request, step),
            "counts": totals.together(providers.values()),
            "providers": [(name, counts) for name, counts in providers.items() if name and counts.attempted],
            "days": totals.OVERVIEW_DAYS,
            "definitions": totals.DEFINITIONS,
            "moving": [(row, _parts(row)) for row in campaigns.in_motion(request.organization)],
            "last": campaigns.last(request.organization),
            "sandbox_card": _sandbox_card(),
        },
    )


def _step_url(request: HttpRequest, step: next_steps.Step | None) -> str:
    if step is None:
        return ""
    if step.campaign:
        return tenant_url(request, step.names[0], campaign=step.campaign)
    return address(request, step.names)


def _parts(row: campaigns.Row) -> dict[str, int]:
    return {part.value: n for part, n in row.counts.parts.items()}


def _sandbox_card() -> str:
    try:
        get_template(SANDBOX_CARD)
    except TemplateDoesNotExist:
        return ""
    return SANDBOX_CARD
