"""Segments: the list, and the builder with its live count.

The builder is one form. Its buttons post the whole tree, to the builder's own address by htmx or to the page without
JavaScript, and get it back changed.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts.access import segment_for
from contacts.actions import segments as verbs
from contacts.errors import AlreadyThere, BadSegment
from contacts.forms import segments as forms
from contacts.models import Segment
from contacts.queries import audience, catalogue
from contacts.segments import schema as published
from contacts.segments import tree, wording
from contacts.segments.tree import BadDefinition, Catalogue

MAX_NAME = 120


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    rows = list(
        Segment.objects.filter(organization=request.organization, archived_at__isnull=not archived).order_by("name")
    )
    known = catalogue.of(request.organization)
    for row in rows:
        row.words = _words(row.definition, known)
    return render(request, "contacts/segments/list.html", {"rows": rows, "archived": archived})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    return _build(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, segment: str) -> HttpResponse:
    return _build(request, segment_for(request, segment, Role.ANALYST if request.method != "POST" else Role.MARKETER))


@require_POST
def builder(request: HttpRequest, org: str) -> HttpResponse:
    """The tree as it is after a press of a button or a change of a choice."""
    known = catalogue.of(request.organization)
    definition = forms.moved(forms.definition_from(request.POST), request.POST.get("do", ""))
    return render(request, "contacts/segments/_tree.html", _drawn(definition, known, None))


@require_POST
def count(request: HttpRequest, org: str) -> HttpResponse:
    """How many people fit the tree as it is, and ten of them."""
    known = catalogue.of(request.organization)
    definition = forms.definition_from(request.POST)
    return render(request, "contacts/segments/_count.html", _counted(request, definition, known))


@require_safe
def schema(request: HttpRequest, org: str) -> HttpResponse:
    return JsonResponse(published.schema(), json_dumps_params={"indent": 2}, content_type="application/schema+json")


@require_POST
def archive(request: HttpRequest, org: str, segment: str) -> HttpResponse:
    found = segment_for(request, segment, Role.MARKETER)
    verbs.archive(segment=found, actor=request.user)
    undo = tenant_url(request, "contacts:segment_restore", segment=found.public_id)
    messages.success(request, f"{found} is archived.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "contacts:segments"))


@require_POST
def restore(request: HttpRequest, org: str, segment: str) -> HttpResponse:
    found = segment_for(request, segment, Role.MARKETER)
    try:
        verbs.restore(segment=found, actor=request.user)
        messages.success(request, f"{found} is back.")
    except AlreadyThere as taken:
        messages.error(request, str(taken))
    return redirect(tenant_url(request, "contacts:segments"))


def _build(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    known = catalogue.of(request.organization)
    definition = segment.definition if segment else forms.empty()
    name = segment.name if segment else ""
    trouble, name_trouble, status = None, "", 200
    if request.method == "POST":
        definition = forms.definition_from(request.POST)
        name = " ".join(request.POST.get("name", "").replace("\x00", "").split())[: MAX_NAME + 1]
        move = request.POST.get("do", "save")
        if move == "save":
            trouble = _trouble(definition, known)
            name_trouble = "" if 0 < len(name) <= MAX_NAME else f"Give it a name of at most {MAX_NAME} characters."
            if trouble is None and not name_trouble:
                try:
                    saved = verbs.save(
                        organization=request.organization,
                        segment=segment,
                        name=name,
                        definition=definition,
                        actor=request.user,
                    )
                except AlreadyThere as taken:
                    name_trouble = str(taken)
                except BadSegment as bad:
                    trouble = BadDefinition(str(bad))
                else:
                    messages.success(request, f"{saved} is saved.")
                    return redirect(tenant_url(request, "contacts:segments"))
            status = 422
        else:
            definition = forms.moved(definition, move)
    context = {
        **_drawn(definition, known, trouble),
        **_counted(request, definition, known),
        "segment": segment,
        "name": name,
        "name_trouble": name_trouble,
    }
    return render(request, "contacts/segments/edit.html", context, status=status)


def _drawn(definition: dict[str, Any], known: Catalogue, trouble: BadDefinition | None) -> dict[str, Any]:
    return {
        "tree": forms.drawn(definition, known, trouble),
        "subjects": forms.subjects(known),
        "topic_choices": list(known.topics.items()),
    }


def _counted(request: HttpRequest, definition: dict[str, Any], known: Catalogue) -> dict[str, Any]:
    trouble = _trouble(definition, known)
    if trouble is not None:
        return {"unfinished": trouble.why}
    found, sample = audience.people_of(request.organization, definition)
    return {"found": found, "sample": sample, "words": _words(definition, known)}


def _trouble(definition: object, known: Catalogue) -> BadDefinition | None:
    try:
        tree.parse(definition, known)
    except BadDefinition as bad:
        return bad
    return None


def _words(definition: object, known: Catalogue) -> str:
    try:
        return wording.describe(tree.parse(definition, known), known)
    except BadDefinition as bad:
        return f"cannot be understood any more: {bad.why}"
