"""The warm-up of an address that is dedicated to an organization: how it goes, and steering it. For its admins.

The operator's page (operator_warmups.py) shows and does the same for any address.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.models import User
from reputation.actions import warming
from reputation.errors import Refused
from reputation.forms.warmups import WarmupForm, WhyForm
from reputation.models import Warmup
from reputation.queries import warmups
from sending.access import address_for
from sending.actions import streams
from sending.enums import StreamKind
from sending.models import Stream
from sending.queries.egress import Address

SAID = {
    "start": "It is being warmed up from now on.",
    "choose": "Changed.",
    "pause": "Paused: the budgets stay as they are.",
    "resume": "It goes on: tomorrow’s budgets are set by what becomes of today’s mail.",
    "skip": "Skipped: there is no limit any more.",
}


@require_safe
def show(request: HttpRequest, org: str, address: str) -> HttpResponse:
    return _page(request, address_for(request, address))


@require_POST
def change(request: HttpRequest, org: str, address: str, act: str) -> HttpResponse:
    found = address_for(request, address)
    form, done = act_on(request, found, act)
    if not done:
        return _page(request, found, form=form, status=422)
    return redirect(tenant_url(request, "reputation:warmup", address=found.address))


@require_POST
def overflow(request: HttpRequest, org: str, address: str) -> HttpResponse:
    found = address_for(request, address)
    overflows = request.POST.get("overflow") == "shared"
    streams.set_overflow(organization=request.organization, overflows=overflows, actor=request.user)
    messages.success(
        request, "What is above a day’s budget goes by shared addresses." if overflows else "What is above waits."
    )
    return redirect(tenant_url(request, "reputation:warmup", address=found.address))


def _page(request: HttpRequest, address: Address, *, form: object = None, status: int = 200) -> HttpResponse:
    marketing = Stream.objects.filter(organization=request.organization, kind=StreamKind.MARKETING).first()
    context = context_of(address, form=form) | {"overflows": bool(marketing and marketing.overflow)}
    return render(request, "reputation/warmups/show.html", context, status=status)


def context_of(address: Address, *, form: object = None) -> dict[str, Any]:
    """What a page of a warm-up shows. `form`: one that was not right."""
    warmup = warmups.of_address(address.id)
    course = warmups.course(warmup, today=warming.today()) if warmup is not None else None
    return {
        "address": address,
        "warmup": warmup,
        "course": course,
        "chart": warmups.chart(course) if course is not None else None,
        "past": course.days[: warmups.MOST_ROWS] if course is not None else (),
        "next_day": datetime.combine(warming.today() + timedelta(days=1), time(), UTC),
        "form": form if isinstance(form, WarmupForm) else WarmupForm(warmup=warmup),
        "why": form if isinstance(form, WhyForm) else WhyForm(),
    }


def act_on(request: HttpRequest, address: Address, act: str) -> tuple[WarmupForm | WhyForm | None, bool]:
    """Do what was asked for; the form, and whether it was done. Raises Http404."""
    warmup = warmups.of_address(address.id)
    if act not in SAID or (act != "start" and warmup is None):
        raise Http404("There is nothing like that to do here.")
    form: WarmupForm | WhyForm | None = None
    if act in ("start", "choose"):
        form = WarmupForm(request.POST, warmup=warmup)
    elif act in ("pause", "skip"):
        form = WhyForm(request.POST)
    if form is not None and not form.is_valid():
        return form, False
    assert isinstance(request.user, User)
    try:
        _do(act, address, warmup, request.user, form.cleaned_data if form is not None else {})
    except Refused as refused:  # it is in another state than on the page that was looked at
        messages.error(request, str(refused))
        return None, True
    messages.success(request, SAID[act])
    return form, True


def _do(act: str, address: Address, warmup: Warmup | None, actor: User, given: dict[str, Any]) -> None:
    if warmup is None or act == "start":
        warming.start(address_id=address.id, actor=actor, **given)
    elif act == "choose":
        warming.choose(warmup=warmup, actor=actor, **given)
    elif act == "pause":
        warming.pause(warmup=warmup, actor=actor, **given)
    elif act == "resume":
        warming.resume(warmup=warmup, actor=actor)
    else:
        warming.skip(warmup=warmup, actor=actor, **given)
