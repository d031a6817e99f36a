"""Templates: the gallery, the editor with live preview and autosave."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from campaigns.access import brand_for, design_for
from campaigns.actions import designs as verbs
from campaigns.designs import starters
from campaigns.designs.findings import Finding
from campaigns.enums import CampaignState
from campaigns.errors import Refused, StaleDesign
from campaigns.models import Campaign, Design
from campaigns.queries import brand_kits, content, designs, variants
from campaigns.views import preview_policy

BLANK = """<mjml lang="en">
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ contact.first_name | default: "there" }},</mj-text>
        <mj-text>{{ brand.name }}, {{ brand.postal_address }}<br /><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
NO_PREVIEW = "The preview comes back when the content compiles."


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    context = {"templates": designs.templates(request.organization), "starters": starters.STARTERS}
    return render(request, "campaigns/designs/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    """Copy a starter, a template, or begin with a blank one."""
    require(request, Role.MARKETER)
    if request.method != "POST":
        context = {"starters": starters.STARTERS, "brands": brand_kits.brands(request.organization)}
        return render(request, "campaigns/designs/new.html", context)
    name, key = request.POST.get("name", ""), request.POST.get("starter", "")
    origin, brand = None, brand_for(request, request.POST.get("brand", ""))
    if request.POST.get("design"):
        origin = design_for(request, request.POST["design"], need=Role.MARKETER)
        source, given, brand = origin.mjml, f"Copy of {origin.name}", origin.brand
    elif key:
        try:
            source, given = starters.starter(key).mjml, starters.starter(key).name
        except KeyError as error:
            raise Http404("There is no such template.") from error
    else:
        source, given = BLANK, "New template"
    made = verbs.create(
        organization=request.organization,
        brand=brand,
        name=name or given,
        mjml=source,
        actor=request.user,
        origin=origin,
    )
    return redirect(tenant_url(request, "campaigns:design", design=made.public_id))


@require_safe
def edit(request: HttpRequest, org: str, design: str) -> HttpResponse:
    found = design_for(request, design)
    if not found.is_template:
        campaign = designs.campaign_of(found)
        if campaign is None:
            raise Http404("This content belongs to no campaign any more.")
        return redirect(content_url(request, found, campaign))
    return editor(request, found)


def content_url(request: HttpRequest, design: Design, campaign: Campaign) -> str:
    """Where a campaign's content, or that of a version of it, is edited."""
    version = variants.version_of(design)
    if version is None:
        return tenant_url(request, "campaigns:campaign_content", campaign=campaign.public_id)
    return tenant_url(request, "campaigns:version_content", campaign=campaign.public_id, number=version.number)


def editor(request: HttpRequest, design: Design, *, campaign: Campaign | None = None) -> HttpResponse:
    """The editor's page, for a template or for a campaign's content."""
    names = content.merge_names(request.organization)
    made = _make(design, campaign, names)
    context = {
        "design": design,
        "campaign": campaign,
        "names": sorted(names),
        "read_only": not may(request, Role.MARKETER),
    }
    return render(request, "campaigns/designs/edit.html", context | _findings(made))


@require_POST
def save(request: HttpRequest, org: str, design: str) -> HttpResponse:
    """Autosave: keeps what was typed, compiling or not, and says what is wrong with it."""
    found = design_for(request, design, need=Role.MARKETER)
    campaign = designs.campaign_of(found)
    try:
        if campaign is not None and campaign.state != CampaignState.DRAFT:
            raise Refused("This campaign has been started. What was sent cannot be changed any more.")
        version = request.POST.get("version", "")
        saved = verbs.save(
            design=found,
            mjml=request.POST.get("mjml", ""),
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            actor=request.user,
        )
    except Refused as refused:
        status = 409 if isinstance(refused, StaleDesign) else 422
        if not request.htmx:
            messages.error(request, str(refused))
            return redirect(tenant_url(request, "campaigns:design", design=found.public_id))
        return render(request, "campaigns/designs/_refused.html", {"refused": refused}, status=status)
    if not request.htmx:
        messages.success(request, "Saved.")
        return redirect(tenant_url(request, "campaigns:design", design=saved.public_id))
    made = _make(saved, campaign, content.merge_names(request.organization))
    context = _findings(made) | {"design": saved}
    response = render(request, "campaigns/designs/_findings.html", context)
    response["HX-Trigger"] = json.dumps(
        {"design-saved": {"version": saved.version, "ok": made.plan is not None, "problems": context["problems"]}}
    )
    return response


@require_safe
def preview(request: HttpRequest, org: str, design: str) -> HttpResponse:
    """The saved design as a mail, for a frame."""
    found = design_for(request, design)
    campaign = designs.campaign_of(found)
    if campaign is None:
        return preview_policy.template(request, mjml=found.mjml, brand=found.brand, trouble=NO_PREVIEW)
    made = _make(found, campaign, content.merge_names(request.organization))
    if made.plan is None:
        return preview_policy.words(NO_PREVIEW)
    contact = content.somebody(campaign)
    return preview_policy.mail(
        content.show(made.plan, organization=request.organization, brand=found.brand, contact=contact).html
    )


@require_safe
def starter_preview(request: HttpRequest, org: str, starter: str) -> HttpResponse:
    """A starter template as a mail, for a frame."""
    try:
        source = starters.starter(starter).mjml
    except KeyError as error:
        raise Http404("There is no such template.") from error
    return preview_policy.template(request, mjml=source, brand=brand_for(request), trouble=NO_PREVIEW)


@require_POST
def rename(request: HttpRequest, org: str, design: str) -> HttpResponse:
    found = design_for(request, design, need=Role.MARKETER)
    try:
        verbs.rename(design=found, name=request.POST.get("name", ""), actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(tenant_url(request, "campaigns:design", design=found.public_id))


@require_POST
def put_away(request: HttpRequest, org: str, design: str) -> HttpResponse:
    found = design_for(request, design, need=Role.MARKETER)
    verbs.put_away(design=found, actor=request.user)
    undo = reverse("campaigns:design_restore", kwargs={"org": org, "design": found.public_id})
    messages.success(request, f"“{found.name}” is put away.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "campaigns:designs"))


@require_POST
def bring_back(request: HttpRequest, org: str, design: str) -> HttpResponse:
    found = design_for(request, design, need=Role.MARKETER)
    verbs.bring_back(design=found, actor=request.user)
    messages.success(request, f"“{found.name}” is back.")
    return redirect(tenant_url(request, "campaigns:designs"))


def _make(design: Design, campaign: Campaign | None, names: frozenset[str]) -> content.Made:
    if campaign is None:
        return content.make_from(mjml=design.mjml, names=names, brand=design.brand)
    return content.make_from(
        mjml=design.mjml, names=names, subject=campaign.subject, preheader=campaign.preheader, brand=design.brand
    )


def _findings(made: content.Made) -> dict[str, Any]:
    found: tuple[Finding, ...] = made.errors or (made.compiled.warnings if made.compiled else ())
    return {
        "findings": found,
        "compiled": made.compiled,
        "problems": [
            {"line": f.line or 1, "text": f.message, "level": "error" if f.severity == "error" else "warning"}
            for f in found
        ],
    }
