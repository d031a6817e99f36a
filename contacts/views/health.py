"""Audience health: the card of numbers, the people in each, and what to do about them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts import tasks
from contacts.actions import duplicates, people
from contacts.actions import health as verbs
from contacts.errors import Refused
from contacts.forms.health import GroupForm, SilenceForm
from contacts.models import Health
from contacts.queries import health
from contacts.views.jobs import wake

PAGE = 50
GROUPS = 20  # of duplicates on a page


@require_safe
def show(request: HttpRequest, org: str) -> HttpResponse:
    row = _row(request)
    facts = dict.fromkeys(("people", "valid", "mailed", "extra", *health.BY_NAME)) | row.facts  # some may be newer
    context = {
        "health": row,
        "facts": facts,
        "numbers": [(number, facts.get(number.name)) for number in health.NUMBERS],
        "waits": row.asked_at is not None,
    }
    return render(request, "contacts/health/show.html", context)


@require_POST
def recount(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    _row(request, anew=True)
    return redirect(tenant_url(request, "contacts:health"))


@require_http_methods(["GET", "HEAD", "POST"])
def number(request: HttpRequest, org: str, which: str) -> HttpResponse:
    """The people in one number; posting (of "silent") sets what unengaged means."""
    one = _known(which)
    form = None
    if which == "silent":
        form = SilenceForm(request.POST or None)
        if request.method == "POST":
            require(request, Role.MARKETER)
            if form.is_valid():
                verbs.set_silence(organization=request.organization, actor=request.user, **form.cleaned_data)
                _row(request, anew=True)
                return redirect(tenant_url(request, "contacts:health_number", which=which))
    row = _row(request)
    if form is not None and not form.is_bound:
        form = SilenceForm(initial={"days": row.silent_days, "sends": row.silent_sends})
    found = health.people_of(request.organization, row.samples.get(which, []))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "number": one,
        "n": row.facts.get(which),
        "health": row,
        "form": form,
        "page": page,
        "rows": [(contact, health.meant_for(row, contact)) for contact in page.object_list],
        "is_cut": (row.facts.get(which) or 0) > health.SAMPLE,
        "most": health.SAMPLE,
        "has_segment": health.definition(request.organization, which, row) is not None,
        "may_archive": which in ("invalid", "typo", "role", "silent", "disputed"),
    }
    return render(request, "contacts/health/number.html", context)


@require_POST
def segment(request: HttpRequest, org: str, which: str) -> HttpResponse:
    """Make a segment of the people in a number, to write to them or to leave them out."""
    require(request, Role.MARKETER)
    _known(which)
    try:
        made = verbs.make_segment(organization=request.organization, name=which, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "contacts:health_number", which=which))
    words = " Ask them in a campaign whether they want to stay." if which == "silent" else ""
    messages.success(request, f"The segment “{made}” is there.{words}")
    return redirect(tenant_url(request, "contacts:segment_edit", segment=made.public_id))


@require_POST
def archive(request: HttpRequest, org: str, which: str) -> HttpResponse:
    require(request, Role.MARKETER)
    _known(which)
    try:
        job = verbs.archive(organization=request.organization, name=which, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "contacts:health_number", which=which))
    wake(job)
    return redirect(tenant_url(request, "contacts:job", job=job.public_id))


@require_safe
def twins(request: HttpRequest, org: str) -> HttpResponse:
    """Several addresses of one mailbox."""
    row = _row(request)
    groups = list(health.groups_of(request.organization, row))
    context = {
        "health": row,
        "page": Paginator(groups, GROUPS).get_page(request.GET.get("page")),
        "n": row.facts.get("mailboxes"),
        "extra": row.facts.get("extra"),
        "is_cut": (row.facts.get("mailboxes") or 0) > health.GROUPS,
        "most": health.GROUPS,
        "looked_at": health.MOST_CANDIDATES if row.facts.get("duplicates_cut") else None,
    }
    return render(request, "contacts/health/duplicates.html", context)


@require_POST
def untwin(request: HttpRequest, org: str) -> HttpResponse:
    """One stays; the others become a part of them, or are archived."""
    require(request, Role.MARKETER)
    form = GroupForm(request.POST)
    back = redirect(tenant_url(request, "contacts:duplicates"))
    if not form.is_valid():
        messages.error(request, "Say who stays.")
        return back
    found = {one.pk: one for one in health.people_of(request.organization, form.cleaned_data["ids"])}
    keep = found.pop(form.cleaned_data["keep"], None)
    if keep is None or not found:
        messages.error(request, "One of them is not there any more. Look at the page again.")
        return back
    try:
        with transaction.atomic():
            for extra in found.values():
                if form.cleaned_data["way"] == "merge":
                    duplicates.merge(keep=keep, extra=extra, actor=request.user)
                else:
                    people.archive(contact=extra, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return back
    did = "merged into" if form.cleaned_data["way"] == "merge" else "archived beside"
    messages.success(request, f"{', '.join(one.address for one in found.values())} {did} {keep.address}.")
    return back


def _known(name: str) -> health.Number:
    if name not in health.BY_NAME:
        raise Http404
    return health.BY_NAME[name]


def _row(request: HttpRequest, *, anew: bool = False) -> Health:
    organization = request.organization
    row, wake = verbs.ask(organization=organization, anew=anew)
    if wake:
        transaction.on_commit(lambda: tasks.count_health.delay(organization.pk), robust=True)
    return row
