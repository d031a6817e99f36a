"""The operator's page of rulings: what is held, slowed and learned, by whom, until when, why; and ruling."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import for_operators
from accounts.models import User
from accounts.tenancy import cross_tenant
from campaigns import wording
from campaigns.forms.rulings import SPANS, RulingForm
from campaigns.queries import ruling_scopes
from sending.actions import rulings
from sending.actions.rulings import Author
from sending.enums import RulingKind
from sending.errors import Refused
from sending.queries import relays
from sending.queries import rulings as reading

NAMED = ("provider", "site", "source", "organization", "campaign")  # what an address of the form may name


@for_operators
@require_safe
def list_(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("after", "")
    with cross_tenant("an operator looks at the rulings about all organizations"):
        in_force = reading.in_force(most=reading.MOST + 1)
        over, following = reading.over(before=int(before) if before.isdecimal() and len(before) < 19 else 0)
        living = [relay for relay in relays.all_() if relay.lives]
        learned = relays.learned(living)
        sources = reading.sources([one.source_id for one in [*in_force, *over, *learned]])
    context = {
        "in_force": [_told(reading.as_line(ruling, sources)) for ruling in in_force[: reading.MOST]],
        "has_more": len(in_force) > reading.MOST,
        "over": [_told(reading.as_line(ruling, sources)) for ruling in over],
        "page": {"next": following, "previous": None},
        "is_first": not before,
        "held": [
            (held, wording.held(held.cause, held.provider)) for held in relays.held_sites(living) if not held.is_ruled
        ],
        "slowed": relays.slowed_sites(living),
        "learned": [(limit, sources.get(limit.source_id, "")) for limit in learned],
        "has_relay": bool(living),
        "spans": SPANS,
    }
    return render(request, "campaigns/rulings/list.html", context)


@for_operators
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in RulingKind.values:
        raise Http404("There is no such ruling.")
    with cross_tenant("an operator looks at the rulings about all organizations"):
        sources = ruling_scopes.addresses()
    named = {name: request.GET[name][:200] for name in NAMED if name in request.GET}
    form = RulingForm(request.POST or None, kind=RulingKind(kind), sources=sources, initial=named)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, _rule(form, _author(request)))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("operating:rulings")
    return render(
        request, "campaigns/rulings/new.html", {"form": form, "kind": kind}, status=422 if form.errors else 200
    )


def _told(line: reading.Line) -> tuple[reading.Line, str]:
    """With why a relay ruled so, in words; "" for what a person ruled."""
    found = line.ruling
    return line, wording.held(found.cause, found.provider) if line.is_of_relay and found.cause else ""


def _rule(form: RulingForm, author: Author) -> str:
    """Do as the form says; what the operator is told."""
    reason = form.cleaned_data["reason"]
    if form.kind == RulingKind.RELEASE:
        _, ended = rulings.release(scope=form.scope, reason=reason, author=author)
        also = f" {ended} of their own rulings ended." if ended else ""
        return f"Released: each relay lets go within a second, and begins with one connection.{also}"
    more = {"scope": form.scope, "reason": reason, "lasting": form.length, "told": form.cleaned_data["told"]}
    if form.kind == RulingKind.LIMIT:
        rulings.limit(author=author, **more, **form.limits)
        return "Limited: each relay obeys within a second."
    rulings.hold(author=author, **more)
    return "Held: each relay obeys within a second. What is in conversation may end."


@for_operators
@require_POST
def end(request: HttpRequest, ruling: int) -> HttpResponse:
    try:
        rulings.end(ruling_id=ruling, author=_author(request))
    except Refused as refused:
        messages.info(request, str(refused))
    else:
        messages.success(request, "It is over. Each relay goes on within a second.")
    return redirect("operating:rulings")


@for_operators
@require_POST
def extend(request: HttpRequest, ruling: int) -> HttpResponse:
    spans = {str(minutes): minutes for minutes, _ in SPANS}
    minutes = spans.get(request.POST.get("lasting", ""))
    if minutes is None:
        raise Http404("There is no such length of time.")
    try:
        rulings.extend(ruling_id=ruling, lasting=timedelta(minutes=minutes), author=_author(request))
    except Refused as refused:
        messages.info(request, str(refused))
    else:
        messages.success(request, "It ends so long from now.")
    return redirect("operating:rulings")


def _author(request: HttpRequest) -> Author:
    user = request.user
    assert isinstance(user, User)
    return Author(str(user), user)
