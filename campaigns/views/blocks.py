"""Saved blocks: list, make from a design's sections, rename, put away; and the list for the editor."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from campaigns.access import block_for, brand_for, design_for
from campaigns.actions import blocks as verbs
from campaigns.designs import sections
from campaigns.designs.findings import DesignError
from campaigns.errors import Refused
from campaigns.models import Block
from campaigns.queries import blocks
from campaigns.views import preview_policy


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    archived = "archived" in request.GET
    context = {"blocks": blocks.saved(request.organization, archived=archived), "archived": archived}
    return render(request, "campaigns/blocks/list.html", context)


@require_safe
def listing(request: HttpRequest, org: str) -> JsonResponse:
    """All blocks with their MJML, for the editor."""
    return JsonResponse({"blocks": [_json(block) for block in blocks.saved(request.organization)]})


@require_safe
def preview(request: HttpRequest, org: str, block: str) -> HttpResponse:
    """The block as a mail, for a frame."""
    found = block_for(request, block)
    return preview_policy.template(
        request,
        mjml=sections.wrapped(found.mjml),
        brand=brand_for(request),
        trouble="This block does not compile any more.",
    )


@require_POST
def save(request: HttpRequest, org: str) -> HttpResponse:
    """Keep what the editor has selected: `name` and `mjml`. Answers JSON."""
    require(request, Role.MARKETER)
    try:
        block = verbs.save(
            organization=request.organization,
            name=request.POST.get("name", ""),
            mjml=request.POST.get("mjml", ""),
            actor=request.user,
        )
    except Refused as refused:
        return JsonResponse({"refused": str(refused)}, status=422)
    return JsonResponse(_json(block), status=201)


@require_http_methods(["GET", "HEAD", "POST"])
def from_design(request: HttpRequest, org: str, design: str) -> HttpResponse:
    """Choose sections of a design and keep them under a name."""
    found = design_for(request, design, need=Role.MARKETER)
    try:
        parts = sections.split(found.mjml)
    except DesignError as error:
        messages.error(request, f"Mend the design first: {error.findings[0].message}")
        return redirect(tenant_url(request, "campaigns:design", design=found.public_id))
    context = {"design": found, "sections": parts, "name": request.POST.get("name", "")}
    if request.method == "POST":
        chosen = set(request.POST.getlist("section"))
        context["chosen"] = chosen
        picked = [part.mjml for part in parts if str(part.number) in chosen]
        try:
            if not picked:
                raise Refused("Choose at least one section.")
            block = verbs.save(
                organization=request.organization,
                name=request.POST.get("name", ""),
                mjml="\n".join(picked),
                actor=request.user,
            )
        except Refused as refused:
            return render(request, "campaigns/blocks/new.html", context | {"refused": str(refused)}, status=422)
        messages.success(request, f"“{block.name}” is saved. Insert it into any design.")
        return redirect(tenant_url(request, "campaigns:blocks"))
    return render(request, "campaigns/blocks/new.html", context)


@require_POST
def rename(request: HttpRequest, org: str, block: str) -> HttpResponse:
    found = block_for(request, block, need=Role.MARKETER)
    try:
        verbs.rename(block=found, name=request.POST.get("name", ""), actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Renamed.")
    return redirect(tenant_url(request, "campaigns:blocks"))


@require_POST
def put_away(request: HttpRequest, org: str, block: str) -> HttpResponse:
    found = block_for(request, block, need=Role.MARKETER)
    verbs.put_away(block=found, actor=request.user)
    undo = reverse("campaigns:block_restore", kwargs={"org": org, "block": found.public_id})
    messages.success(request, f"“{found.name}” is put away.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "campaigns:blocks"))


@require_POST
def bring_back(request: HttpRequest, org: str, block: str) -> HttpResponse:
    found = block_for(request, block, need=Role.MARKETER)
    try:
        verbs.bring_back(block=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"“{found.name}” is back.")
    return redirect(tenant_url(request, "campaigns:blocks"))


def _json(block: Block) -> dict[str, str]:
    return {"id": block.public_id, "name": block.name, "mjml": block.mjml}
