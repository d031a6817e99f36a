"""Bounces to review: waves of identical refusals, whom they would have cost, and the decision."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from sending.access import wave_for
from sending.actions import held_bounces
from sending.enums import BounceDecision
from sending.queries import held_bounces as held


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    context = {"groups": held.groups(request.organization), "may_decide": may(request, Role.MARKETER)}
    return render(request, "sending/bounces/list.html", context)


@require_safe
def show(request: HttpRequest, org: str, wave: str) -> HttpResponse:
    found = wave_for(request, wave)
    after = request.GET.get("after", "")
    context = {
        "group": held.group(request.organization, found),
        "page": held.people(
            request.organization, found, after=int(after) if after.isdecimal() and len(after) < 19 else 0
        ),
        "may_decide": may(request, Role.MARKETER),
    }
    return render(request, "sending/bounces/show.html", context)


@require_POST
def decide(request: HttpRequest, org: str, wave: str) -> HttpResponse:
    require(request, Role.MARKETER)
    found = wave_for(request, wave)
    decision = request.POST.get("decision", "")
    if decision not in (BounceDecision.SUPPRESS, BounceDecision.LEAVE):
        raise Http404("There is no such decision.")
    n = held_bounces.decide(
        organization=request.organization, wave=found, decision=BounceDecision(decision), actor=request.user
    )
    if not n:
        messages.info(request, "Somebody had decided already. Nothing has changed.")
    elif decision == BounceDecision.SUPPRESS:
        messages.success(request, f"{n:,} {'address is' if n == 1 else 'addresses are'} on the do-not-send list.")
    else:
        messages.success(
            request,
            f"{n:,} {'address stays' if n == 1 else 'addresses stay'} as {'it was' if n == 1 else 'they were'}.",
        )
    return redirect(tenant_url(request, "sending:bounces"))
