"""Taking people out as a file: CSV or XLSX, written while it is sent."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access import require, tenant_url
from accounts.actions import audit
from accounts.enums import Role
from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts.adapters import export_files, workbook_files
from contacts.queries import exports, selections
from contacts.queries.selections import Selection
from contacts.segments.tree import BadDefinition

FORMATS = {
    "csv": ("text/csv; charset=utf-8", export_files.csv_lines),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook_files.workbook_bytes),
}


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest, org: str) -> HttpResponseBase:
    require(request, Role.MARKETER)
    try:
        chosen = selections.read(request.organization, request.GET)
    except BadDefinition as bad:
        messages.error(request, f"The segment cannot be understood any more: {bad.why}")
        return redirect(tenant_url(request, "contacts:people"))
    if chosen.is_empty:
        messages.info(request, "Nobody was chosen. Tick some people, or choose everybody who fits.")
        return redirect(tenant_url(request, "contacts:people"))
    format_ = request.POST.get("format", "")
    if request.method == "POST" and format_ in FORMATS:
        return _file(request, chosen, format_)
    context = {
        "chosen": chosen,
        "columns": exports.sheet(request.organization).header,
        "rows": workbook_files.SHEET_ROWS,
    }
    return render(request, "contacts/people/export.html", context)


def _file(request: HttpRequest, chosen: Selection, format_: str) -> StreamingHttpResponse:
    organization = request.organization
    audit.record(
        organization=organization,
        actor=request.user,
        verb="contacts.people_exported",
        data={"people": chosen.words, "format": format_, "count": chosen.count if chosen.count is not None else "many"},
    )
    columns, until = exports.sheet(organization), exports.ceiling(organization)
    kind, write = FORMATS[format_]
    response = StreamingHttpResponse(
        write(columns.header, _pieces(organization, chosen, columns, until)), content_type=kind
    )
    name = f"people-{timezone.localdate():%Y-%m-%d}.{format_}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _pieces(
    organization: Organization, chosen: Selection, columns: exports.Sheet, until: int
) -> Iterator[list[list[exports.Cell]]]:
    """The request's own scope is closed by now; and one scope a piece keeps the transactions short."""
    after, more = 0, True
    while more:
        with tenant_scope(organization):
            rows, after, more = exports.piece(organization, chosen.people, columns, after=after, until=until)
        yield rows
