"""Segments: the list, the builder, and the versions of one.

The builder is one form. Its buttons post the whole tree, to the builder's own address by htmx or to the page without
JavaScript, and get it back changed. What is counted is in `segment_counts`.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts.access import segment_for
from contacts.actions import segments as verbs
from contacts.errors import AlreadyThere, BadSegment
from contacts.forms import segment_controls as controls
from contacts.forms import segments as forms
from contacts.models import Segment, SegmentVersion
from contacts.queries import catalogue
from contacts.queries import segments as counting
from contacts.segments import changes, nesting, tree, wording
from contacts.segments import schema as published
from contacts.segments.knowledge import Catalogue
from contacts.segments.reading import BadDefinition
from contacts.views.segment_counts import counted

MAX_NAME = 120
MOST_VERSIONS = 50


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    rows = list(
        Segment.objects.filter(organization=request.organization, archived_at__isnull=not archived).order_by("name")
    )
    known = catalogue.of(request.organization, {"rules": [row.definition for row in rows]})
    for row in rows:
        row.words = _words(row.definition, known)  # type: ignore[attr-defined]
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
    require(request, Role.MARKETER)
    known = catalogue.of(request.organization)
    definition, focus = forms.moved(forms.definition_from(request.POST), request.POST.get("do", ""))
    return render(request, "contacts/segments/_tree.html", {"tree": controls.drawn(definition, known, None, focus)})


@require_safe
def choices(request: HttpRequest, org: str) -> HttpResponse:
    """What a list of the builder has for the words that somebody typed."""
    found = controls.choices(
        catalogue.of(request.organization), request.GET.get("what", ""), request.GET.get("q", "").replace("\x00", "")
    )
    return JsonResponse({"choices": [{"value": value, "label": label} for value, label in found]})


@require_safe
def schema(request: HttpRequest, org: str) -> HttpResponse:
    return JsonResponse(published.schema(), json_dumps_params={"indent": 2}, content_type="application/schema+json")


@require_safe
def versions(request: HttpRequest, org: str, segment: str) -> HttpResponse:
    """What a segment asked before, what changed each time, and the way back."""
    found = segment_for(request, segment)
    known = catalogue.of(request.organization)
    rows = list(
        SegmentVersion.objects.filter(segment=found).select_related("made_by").order_by("-version")[: MOST_VERSIONS + 1]
    )
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        row.words = _words(row.definition, known)  # type: ignore[attr-defined]
        row.changes = changes.between(before.definition, row.definition, known) if before else []  # type: ignore[attr-defined]
        row.is_current = row.version == found.version  # type: ignore[attr-defined]
    context = {"segment": found, "rows": rows[:MOST_VERSIONS], "cut": len(rows) > MOST_VERSIONS}
    return render(request, "contacts/segments/versions.html", context)


@require_POST
def go_back(request: HttpRequest, org: str, segment: str, version: int) -> HttpResponse:
    found = segment_for(request, segment, Role.MARKETER)
    before = found.version
    try:
        verbs.go_back(segment=found, version=version, actor=request.user)
    except SegmentVersion.DoesNotExist:
        raise Http404 from None
    except BadSegment as bad:
        messages.error(request, f"Version {version} cannot be asked any more: {bad}")
    else:
        undo = tenant_url(request, "contacts:segment_go_back", segment=found.public_id, version=before)
        messages.success(request, f"{found} asks again what version {version} asked.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "contacts:segment_versions", segment=found.public_id))


@require_POST
def archive(request: HttpRequest, org: str, segment: str) -> HttpResponse:
    found = segment_for(request, segment, Role.MARKETER)
    verbs.archive(segment=found, actor=request.user)
    undo = tenant_url(request, "contacts:segment_restore", segment=found.public_id)
    used = counting.uses(found)
    words = f"{found} is archived."
    if used:
        words += f" {len(used)} that use it go on asking it."
    messages.success(request, words, extra_tags=f"undo:{undo}")
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
        if move != "save":
            definition, _ = forms.moved(definition, move)
        else:
            status = 422
            trouble = _trouble(definition, known)
            name_trouble = "" if 0 < len(name) <= MAX_NAME else f"Give it a name of at most {MAX_NAME} characters."
            if trouble is None and not name_trouble:
                try:
                    saved = _saved(request, segment, name, definition)
                except AlreadyThere as taken:
                    name_trouble = str(taken)
                except BadSegment as bad:
                    trouble = BadDefinition(str(bad), bad.path)
                else:
                    messages.success(request, f"{saved} is saved.")
                    return redirect(tenant_url(request, "contacts:segment_edit", segment=saved.public_id))
    elif segment is not None:
        trouble = _trouble(definition, known)
    context: dict[str, Any] = {
        "tree": controls.drawn(definition, known, trouble),
        **counted(request.organization, definition, known),
        "segment": segment,
        "name": name,
        "name_trouble": name_trouble,
        "uses": [(use, tenant_url(request, use.page, **dict(use.args))) for use in counting.uses(segment)]
        if segment
        else [],
    }
    return render(request, "contacts/segments/edit.html", context, status=status)


def _saved(request: HttpRequest, segment: Segment | None, name: str, definition: dict[str, Any]) -> Segment:
    return verbs.save(
        organization=request.organization, segment=segment, name=name, definition=definition, actor=request.user
    )


def _trouble(definition: object, known: Catalogue) -> BadDefinition | None:
    try:
        nesting.expand(tree.parse(definition, known), known)
    except BadDefinition as bad:
        return bad
    return None


def _words(definition: object, known: Catalogue) -> str:
    try:
        return wording.describe(tree.parse(definition, known), known)
    except BadDefinition as bad:
        return f"cannot be understood any more: {bad.why}"
