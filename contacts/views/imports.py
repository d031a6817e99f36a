"""Imports: history, upload, matching of columns, the plan for review, progress, and what came of it."""

from collections.abc import Iterator

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from accounts.tenancy import tenant_scope
from contacts import tasks
from contacts.access import import_for
from contacts.actions import imports as verbs
from contacts.enums import ImportState, RowVerdict
from contacts.errors import Refused
from contacts.forms.imports import ConsentForm, UploadForm, columns, matches_from
from contacts.importing import rejects as rejecting
from contacts.models import Import, Topic
from contacts.queries import fields, imports, topics

PAGES = {
    ImportState.UPLOADED: "contacts/imports/match.html",
    ImportState.STAGING: "contacts/imports/working.html",
    ImportState.PLANNED: "contacts/imports/plan.html",
    ImportState.APPLYING: "contacts/imports/working.html",
}


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    return render(request, "contacts/imports/list.html", {"rows": imports.history(request.organization)})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            import_ = verbs.receive(
                organization=request.organization,
                file_name=upload.name or "",
                chunks=upload.chunks(1 << 20),
                actor=request.user,
            )
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            return _to(request, import_)
    return render(request, "contacts/imports/new.html", {"form": form})


@require_safe
def show(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    found = import_for(request, import_)
    if found.state == ImportState.UPLOADED:
        return _match_page(request, found, ConsentForm(topics=topics.choices(request.organization)))
    template = PAGES.get(ImportState(found.state), "contacts/imports/over.html")
    return render(request, template, _facts(request, found))


@require_safe
def progress(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    """The part that refreshes itself; when the phase is over it makes the page load anew."""
    found = import_for(request, import_)
    response = render(request, "contacts/imports/_progress.html", _facts(request, found))
    if found.state not in verbs.WORKING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def match(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    found = import_for(request, import_, Role.MARKETER)
    form = ConsentForm(request.POST, topics=topics.choices(request.organization))
    if form.is_valid():
        try:
            verbs.match_columns(
                import_=found,
                matches=matches_from(request.POST, found),
                topics=list(form.cleaned_data["topics"]),
                consent=form.consent(),
                actor=request.user,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            _wake(found)
            return _to(request, found)
    found.refresh_from_db()
    if found.state != ImportState.UPLOADED:
        return _to(request, found)
    return _match_page(request, found, form, status=422)


@require_POST
def rematch(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    return _do(request, import_, lambda found: verbs.rematch(import_=found))


@require_POST
def approve(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    return _do(request, import_, lambda found: verbs.approve(import_=found, actor=request.user), wake=True)


@require_POST
def cancel(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    return _do(request, import_, lambda found: verbs.cancel(import_=found, actor=request.user))


@require_safe
def rejects(request: HttpRequest, org: str, import_: str) -> StreamingHttpResponse:
    """The bad rows as a file. It is written while it is sent, when the request's own scope is closed already."""
    found = import_for(request, import_)
    organization = request.organization

    def lines() -> Iterator[str]:
        with tenant_scope(organization):
            yield from rejecting.lines(found.dialect["columns"], imports.rejects(found))

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="bad-rows-{found.public_id}.csv"'
    return response


def _do(request: HttpRequest, public_id: str, verb: object, *, wake: bool = False) -> HttpResponse:
    found = import_for(request, public_id, Role.MARKETER)
    try:
        verb(found)  # type: ignore[operator]
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        if wake:
            _wake(found)
    return _to(request, found)


def _wake(import_: Import) -> None:
    """Robust: when the broker is away, the sweep will find the import."""
    transaction.on_commit(lambda: tasks.run_import.delay(import_.organization_id, import_.pk), robust=True)


def _to(request: HttpRequest, import_: Import) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:import", import_=import_.public_id))


def _match_page(request: HttpRequest, import_: Import, form: ConsentForm, *, status: int = 200) -> HttpResponse:
    posted = matches_from(request.POST, import_) if request.method == "POST" else None
    rows = imports.sample(import_, verbs.path_of(import_))
    form.mark_wanted()
    context = {
        "import_": import_,
        "form": form,
        "columns": columns(import_, rows, fields.known(request.organization), posted),
        "earlier": imports.earlier(import_),
        "has_topics": bool(form.fields["topics"].queryset),  # type: ignore[attr-defined]
    }
    return render(request, "contacts/imports/match.html", context, status=status)


def _facts(request: HttpRequest, import_: Import) -> dict[str, object]:
    chosen = import_.consent.get("topics", [])
    return {
        "import_": import_,
        "progress": imports.progress(import_),
        "bad": imports.bad_rows(import_) if import_.plan.get("invalid") else [],
        "topics": list(Topic.objects.filter(organization=request.organization, pk__in=chosen).order_by("name")),
        "basis": verbs.BASES.get(import_.consent.get("basis", ""), ""),
        "to_write": sum(import_.plan.get(name, 0) for name in ("new", "changed", "unchanged")),
        "verdicts": RowVerdict,
    }
