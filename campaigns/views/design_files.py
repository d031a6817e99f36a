"""Designs as files: bring one in from HTML or a ZIP, take one along."""

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from campaigns.access import brand_for, design_for
from campaigns.actions import design_imports as verbs
from campaigns.designs.bundles import MAX_ARCHIVE
from campaigns.designs.findings import DesignError
from campaigns.errors import Refused
from campaigns.queries import brand_kits, design_exports

AROUND = 64 * 1024  # of a form, beside its file
TOO_LARGE = f"That is larger than {MAX_ARCHIVE // 1024 // 1024} MB. Make its pictures smaller, or leave some out."
TYPES = {"mjml": "text/plain", "html": "text/plain", "zip": "application/zip"}  # never a page of our own origin


@csrf_exempt  # reading the token reads the whole upload: first its size is looked at, then the token
@require_http_methods(["GET", "HEAD", "POST"])
def bring(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_ARCHIVE + AROUND:
        return _form(request, TOO_LARGE, status=413)
    return _bring(request)


@csrf_protect
def _bring(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request)
    try:
        pasted, file = request.POST.get("html", ""), request.FILES.get("file")
    except RequestDataTooBig:
        return _form(request, "That is too much to paste. Save it as a file and upload that.", status=413)
    try:
        if file is None and not pasted.strip():
            raise Refused("Choose a file, or paste the HTML.")
        imported = verbs.bring(
            organization=request.organization,
            brand=brand_for(request, request.POST.get("brand", "")),
            name=request.POST.get("name", ""),
            page=file.read(MAX_ARCHIVE + 1) if file is not None else pasted,
            actor=request.user,
        )
    except Refused as refused:
        return _form(request, str(refused), pasted=pasted if len(pasted) < 500_000 else "", status=422)
    messages.success(request, f"“{imported.design.name}” is brought in.")
    if imported.notes:
        messages.warning(request, " ".join(imported.notes))
    return redirect(tenant_url(request, "campaigns:design", design=imported.design.public_id))


def _form(request: HttpRequest, problem: str = "", *, pasted: str = "", status: int = 200) -> HttpResponse:
    context = {
        "problem": problem,
        "pasted": pasted,
        "brands": brand_kits.brands(request.organization),
        "most": MAX_ARCHIVE // 1024 // 1024,
    }
    return render(request, "campaigns/designs/bring.html", context, status=status)


@require_safe
def export(request: HttpRequest, org: str, design: str, kind: str) -> HttpResponse:
    """The design as a file; with pictures in a ZIP."""
    found = design_for(request, design)
    if kind not in TYPES:
        raise Http404("There is no such file.")
    try:
        content: str | bytes
        if kind == "zip":
            content = design_exports.archive(found)
        else:
            content = design_exports.html(found) if kind == "html" else design_exports.mjml(found)
    except DesignError as error:
        messages.error(request, f"Mend the design first: {error.findings[0].message}")
        return redirect(tenant_url(request, "campaigns:design", design=found.public_id))
    response = HttpResponse(content, content_type=f"{TYPES[kind]}; charset=utf-8" if kind != "zip" else TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{slugify(found.name)[:60] or "design"}.{kind}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
