"""Templates: the gallery, the editor with live preview and autosave."""

import json
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from campaigns.access import brand_for, design_for
from campaigns.actions import campaigns
from campaigns.actions import designs as verbs
from campaigns.designs import differences, starters
from campaigns.designs import kit as kits
from campaigns.designs.findings import Finding
from campaigns.designs.palette import PALETTE
from campaigns.errors import Refused, StaleDesign
from campaigns.models import Campaign, Design
from campaigns.queries import brand_kits, content, designs, variants
from campaigns.views import preview_policy

# The visual editor's canvas shows the mail as it is: its styles stand in the elements, its pictures lie anywhere. Scripts,
# connections, frames, fonts and style sheets stay those of this house.
EDITOR_POLICY = {"style-src": ["'unsafe-inline'"], "img-src": ["https:", "http:"]}
BLANK = """<mjml lang="en">
  <mj-body mj-class="kit-page" width="600px">
    <mj-section mj-class="kit-sheet" padding="36px 0 16px">
      <mj-column>
        <mj-text mj-class="kit-text">Hello {{ contact.first_name | default: "there" }},</mj-text>
      </mj-column>
    </mj-section>
    <mj-section padding="28px 0 36px">
      <mj-column>
        <mj-text mj-class="kit-quiet" align="center">
          {{ brand.name }}, {{ brand.postal_address }}<br />
          <a href="{{ unsubscribe_url }}">Unsubscribe</a>
        </mj-text>
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


def editor(
    request: HttpRequest,
    design: Design,
    *,
    campaign: Campaign | None = None,
    typed: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """The editor's page, for a template or for a campaign's content. `typed`: what was not saved and must not get lost."""
    names = content.merge_names(request.organization)
    made = _make(design, campaign, names)
    read_only = not may(request, Role.MARKETER)
    kit = brand_kits.looks_of(design.brand)
    context = {
        "design": design,
        "campaign": campaign,
        "names": sorted(names),
        "read_only": read_only,
        "typed": design.mjml if typed is None else typed,
        "palette": PALETTE,
        "canvas": {
            "head": kits.head(kit),
            "logo": kits.dress('<mj-image mj-class="kit-logo" />', kit, base=""),
            "social": kits.dress('<mj-social mj-class="kit-social"></mj-social>', kit, base=""),
            "pieces": {piece.key: piece.mjml for piece in PALETTE},
        },
    }
    if typed is not None:
        context |= _differences(design, typed)
    context |= _findings(made)
    page = csp_update({} if read_only else EDITOR_POLICY)(
        lambda asked: render(asked, "campaigns/designs/edit.html", context, status=status)
    )
    response = page(request)
    assert isinstance(response, HttpResponse)
    return response


@require_POST
def save(request: HttpRequest, org: str, design: str) -> HttpResponse:
    """Autosave: keeps what was typed, compiling or not, and says what is wrong with it.

    Where somebody saved meanwhile, both texts are shown, and `choice` says which goes on: mine or theirs. The other one stays
    in the list of versions.
    """
    found = design_for(request, design, need=Role.MARKETER)
    campaign = designs.campaign_of(found)
    typed, choice, version = (request.POST.get(name, "") for name in ("mjml", "choice", "version"))
    try:
        if campaign is not None:
            campaigns.draft(campaign)  # locked: what is saved while somebody launches is in the mail, or refused
        if choice == "theirs":
            saved = verbs.set_aside(design=found, mjml=typed, actor=request.user)
        else:
            saved = verbs.save(
                design=found,
                mjml=typed,
                version=int(version) if version.isdecimal() and len(version) < 10 else 0,
                actor=request.user,
                note="Kept over a newer version" if choice == "mine" else "",
            )
    except StaleDesign as stale:
        if not request.htmx:
            return editor(request, stale.design, campaign=campaign, typed=typed, status=409)
        return render(request, "campaigns/designs/_conflict.html", _differences(stale.design, typed), status=409)
    except Refused as refused:
        if not request.htmx:
            messages.error(request, str(refused))
            return redirect(tenant_url(request, "campaigns:design", design=found.public_id))
        return render(request, "campaigns/designs/_refused.html", {"refused": refused}, status=422)
    if not request.htmx:
        messages.success(request, "Set aside. It is under Versions." if choice == "theirs" else "Saved.")
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


def _differences(design: Design, typed: str) -> dict[str, Any]:
    """What somebody else saved meanwhile beside what was typed here."""
    return {
        "design": design,
        "conflict": design,
        "difference": differences.compare(design.mjml, typed.replace("\r\n", "\n")),
    }


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
