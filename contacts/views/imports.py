"""Imports: history, upload, matching of columns, the plan and the rows behind its numbers, progress, taking it back."""

from collections.abc import Callable, Iterator

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from accounts.tenancy import tenant_scope
from contacts import tasks
from contacts.access import import_for
from contacts.actions import import_files, import_undo
from contacts.actions import imports as verbs
from contacts.enums import ImportState
from contacts.errors import Refused
from contacts.forms.imports import ConsentForm, UploadForm, columns, matches_from
from contacts.importing import peers
from contacts.importing import rejects as rejecting
from contacts.models import Import, Topic
from contacts.queries import disputes, fields, import_plans, imports, topics

PAGES = {
    ImportState.UNPACKING: "contacts/imports/working.html",
    ImportState.STAGING: "contacts/imports/working.html",
    ImportState.PLANNED: "contacts/imports/plan.html",
    ImportState.APPLYING: "contacts/imports/working.html",
    ImportState.UNDOING: "contacts/imports/working.html",
}
AROUND = 1 << 20  # bytes of an upload that are not its file


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    return render(request, "contacts/imports/list.html", {"rows": imports.history(request.organization)})


@csrf_exempt  # reading the token reads the whole upload: first its size is looked at, then the token
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    if int(request.META.get("CONTENT_LENGTH") or 0) > import_files.MAX_BYTES + AROUND:
        return _refused_upload(request, import_files.TOO_LARGE)
    return _new(request)


@csrf_protect
def _new(request: HttpRequest) -> HttpResponse:
    form = UploadForm()
    if request.method == "POST":
        try:
            form = UploadForm(request.POST, request.FILES)
        except RequestDataTooBig:
            return _refused_upload(request, "That is too much to paste. Save it as a file and upload that.")
    if form.is_bound and form.is_valid():
        try:
            import_ = verbs.receive_many(organization=request.organization, uploads=form.uploads(), actor=request.user)
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            if import_.state == ImportState.UNPACKING:
                _wake(import_)
            return _to(request, import_)
    return render(request, "contacts/imports/new.html", {"form": form}, status=422 if form.errors else 200)


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
    facts = {"import_": found, "progress": imports.progress(found)}
    response = render(request, "contacts/imports/_progress.html", facts)
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
                tag_names=form.tag_names(),
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
def rows(request: HttpRequest, org: str, import_: str, kind: str) -> HttpResponse:
    """The people behind one number of the plan."""
    found = import_for(request, import_)
    if kind not in import_plans.KINDS:
        raise Http404
    after, before = (_line(request.GET.get(name)) for name in ("after", "before"))
    context = {
        "import_": found,
        "kind": import_plans.KINDS[kind],
        "page": import_plans.behind(found, kind, after=after, before=before),
        "has_files": len(found.dialect.get("files", ())) > 1,
    }
    return render(request, "contacts/imports/rows.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, org: str, import_: str) -> HttpResponse:
    """What taking it back would do; and doing it."""
    if request.method == "POST":
        return _do(request, import_, lambda found: import_undo.start(import_=found, actor=request.user), wake=True)
    found = import_for(request, import_, Role.MARKETER)
    until = import_undo.until(found)
    if until is None or until < timezone.now():
        return _to(request, found)
    return render(
        request,
        "contacts/imports/undo.html",
        {"import_": found, "preview": import_undo.preview(found), "until": until},
    )


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


def _do(request: HttpRequest, public_id: str, verb: Callable[[Import], None], *, wake: bool = False) -> HttpResponse:
    found = import_for(request, public_id, Role.MARKETER)
    try:
        verb(found)
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


def _refused_upload(request: HttpRequest, words: str) -> HttpResponse:
    """The body was not read, so the form is empty again; a page is still the better answer than a number."""
    return render(request, "contacts/imports/new.html", {"form": UploadForm(), "refused": words}, status=413)


def _match_page(request: HttpRequest, import_: Import, form: ConsentForm, *, status: int = 200) -> HttpResponse:
    posted = matches_from(request.POST, import_) if request.method == "POST" else None
    rows = imports.sample(import_, import_files.path_of(import_))
    form.mark_wanted()
    context = {
        "import_": import_,
        "form": form,
        "columns": columns(import_, rows, fields.known(request.organization), posted),
        "earlier": imports.earlier(import_),
        "origin": peers.ORIGINS.get(import_.origin, ""),
        "has_topics": bool(form.fields["topics"].queryset),  # type: ignore[attr-defined]
    }
    return render(request, "contacts/imports/match.html", context, status=status)


def _facts(request: HttpRequest, import_: Import) -> dict[str, object]:
    chosen = import_.consent.get("topics", [])
    until = import_undo.until(import_)
    return {
        "import_": import_,
        "progress": imports.progress(import_),
        "bad": imports.bad_rows(import_) if import_.plan.get("invalid") else [],
        "topics": list(Topic.objects.filter(organization=request.organization, pk__in=chosen).order_by("name")),
        "basis": verbs.BASES.get(import_.consent.get("basis", ""), ""),
        "origin": peers.ORIGINS.get(import_.origin, ""),
        "to_write": sum(import_.plan.get(name, 0) for name in ("new", "changed", "unchanged"))
        - import_.plan.get("erased", 0),
        "changes": import_plans.changed_fields(import_) if import_.state == ImportState.PLANNED else [],
        "listing": import_plans.listing(import_),
        "disputed": disputes.of_import(import_) if import_.state == ImportState.APPLIED else 0,
        "new_tags": import_plans.tags_to_be_made(import_) if import_.state == ImportState.PLANNED else [],
        "new_fields": import_plans.new_fields(import_) if import_.state == ImportState.PLANNED else [],
        "undo_until": until,
        "may_undo": until is not None and until > timezone.now(),
    }


def _line(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
