"""The do-not-send list: looking, one entry with its history, adding with a reason, lifting by an admin, a file of it."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, tenant_url
from accounts.actions import audit
from accounts.enums import Role
from accounts.tenancy import tenant_scope
from contacts.access import suppression_for
from contacts.actions import suppressions as verbs
from contacts.adapters import export_files
from contacts.enums import SuppressionReason
from contacts.errors import NotThisWay
from contacts.forms.suppressions import LiftForm, SuppressManyForm
from contacts.models import Topic
from contacts.queries import suppressions
from contacts.views.people import cursor

LINES = 500  # rows of a file that are sent together


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    organization = request.organization
    wanted = suppressions.wanted(organization, request.GET)
    by_operator = request.GET.get("scope") == "installation"
    context = {
        "wanted": wanted,
        "by_operator": by_operator,
        "ours": suppressions.of_ours(organization, wanted.text) if by_operator else [],
        "page": None
        if by_operator
        else suppressions.page(organization, wanted, after=cursor(request, "after"), before=cursor(request, "before")),
        "forgotten": suppressions.forgotten(organization, wanted.text),
        "is_filtered": wanted.is_on or by_operator,
        "reasons": SuppressionReason.choices,
        "sources": suppressions.SOURCES.items(),
        "scopes": {**suppressions.SCOPES, "installation": "Everything, by the operator"}.items(),
        "scope": "installation" if by_operator else wanted.scope,
        "topics": list(Topic.objects.filter(organization=organization).order_by("name")),
        "total": None if wanted.is_on or by_operator else suppressions.count(organization),
        "most": suppressions.COUNT_MOST,
        "query": request.GET.urlencode(),
    }
    return render(request, "contacts/suppressions/list.html", context)


@require_safe
def show(request: HttpRequest, org: str, suppression: int) -> HttpResponse:
    found = suppression_for(request, suppression)
    context = {
        "entry": found,
        "history": suppressions.history(found),
        "person": suppressions.person_of(found),
    }
    return render(request, "contacts/suppressions/show.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = SuppressManyForm(request.POST or None, organization=request.organization)
    if request.method == "POST" and form.is_valid():
        keys = form.cleaned_data["addresses"]
        n = verbs.suppress_many(
            organization=request.organization,
            keys=keys,
            reason=SuppressionReason(form.cleaned_data["reason"]),
            source="member",
            evidence=form.cleaned_data["evidence"],
            actor=request.user,
            topic=form.cleaned_data.get("topic"),
        )
        known = f" {len(keys) - n:,} were on it already." if n < len(keys) else ""
        messages.success(request, f"Added {n:,} to the do-not-send list.{known}")
        return redirect(tenant_url(request, "contacts:suppressions"))
    return render(request, "contacts/suppressions/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, org: str, suppression: int) -> HttpResponse:
    found = suppression_for(request, suppression, Role.ADMIN)
    form = LiftForm(request.POST or None, is_complaint=found.reason == SuppressionReason.COMPLAINED)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.lift(suppression=found, actor=request.user, why=form.cleaned_data["why"])
        except NotThisWay as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{found.address_key} may get mail again, unless another entry stands.")
            return redirect(tenant_url(request, "contacts:suppression", suppression=found.pk))
    return render(request, "contacts/suppressions/lift.html", {"form": form, "suppression": found})


@require_safe
def file(request: HttpRequest, org: str) -> StreamingHttpResponse:
    """The list as a file, as it is filtered. It is written while it is sent, when the request's own scope is closed."""
    require(request, Role.MARKETER)
    organization = request.organization
    wanted = suppressions.wanted(organization, request.GET)
    audit.record(organization=organization, actor=request.user, verb="contacts.suppressions_exported")

    def pieces() -> Iterator[list[tuple[str, ...]]]:
        piece: list[tuple[str, ...]] = []
        for row in suppressions.as_rows(organization, wanted):
            piece.append(row)
            if len(piece) == LINES:
                yield piece
                piece = []
        yield piece

    def lines() -> Iterator[str]:
        with tenant_scope(organization):
            yield from export_files.csv_lines(suppressions.HEADER, pieces())

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="do-not-send-{timezone.now():%Y-%m-%d}.csv"'
    return response
