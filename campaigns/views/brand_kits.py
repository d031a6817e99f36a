"""How a brand looks in mail: change it, see every design follow, have the contrast checked."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from accounts.models import Brand
from campaigns.access import brand_for
from campaigns.actions import brand_kits as verbs
from campaigns.designs import guard
from campaigns.designs import kit as kits
from campaigns.designs.starters import STARTERS, starter
from campaigns.forms.brand_kits import BrandKitForm
from campaigns.queries import brand_kits, content
from campaigns.views import preview_policy
from sending.merging import compile_plan


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, brand: str = "") -> HttpResponse:
    found = brand_for(request, brand)
    form = BrandKitForm(request.POST or None, brand=found, kit=brand_kits.of(found))
    if request.method == "POST":
        require(request, Role.MARKETER)
        if form.is_valid():
            verbs.change(
                brand=found,
                colours=form.colours(),
                fonts=form.fonts(),
                social=form.social(),
                logo=form.cleaned_data["logo"],
                actor=request.user,
            )
            messages.success(request, "Saved. Every design wears it from now on; what was launched stays as it is.")
            return redirect(tenant_url(request, "campaigns:brand_kit_of", brand=found.public_id))
    context = {
        "form": form,
        "brand": found,
        "brands": brand_kits.brands(request.organization),
        "pairs": kits.pairs(_looks(form, found)),
        "starters": STARTERS,
        "read_only": not may(request, Role.MARKETER),
    }
    return render(request, "campaigns/brand_kits/edit.html", context, status=422 if form.errors else 200)


@require_safe
def contrast(request: HttpRequest, org: str, brand: str) -> HttpResponse:
    """What of the colours as typed can be read."""
    found = brand_for(request, brand)
    form = BrandKitForm(request.GET, brand=found, kit=brand_kits.of(found))
    return render(request, "campaigns/brand_kits/_contrast.html", {"pairs": kits.pairs(_looks(form, found))})


@require_safe
def preview(request: HttpRequest, org: str, brand: str) -> HttpResponse:
    """A starter in the kit as typed (the form's fields in the query), for a frame."""
    found = brand_for(request, brand)
    given = request.GET if "colour_accent" in request.GET else None
    form = BrandKitForm(given, brand=found, kit=brand_kits.of(found))
    try:
        source = starter(request.GET.get("design", "newsletter")).mjml
    except KeyError as error:
        raise Http404("There is no such design.") from error
    dressed = kits.dress(source, _looks(form, found), base=brand_kits.pictures_base(found))
    compiled = guard.compile_design(dressed)
    plan = compile_plan("", compiled.html, compiled.text)
    return preview_policy.mail(content.show(plan, organization=request.organization, brand=found, contact=None).html)


def _looks(form: BrandKitForm, brand: Brand) -> kits.Kit:
    return brand_kits.looks(brand, form.unsaved(brand)) if form.is_bound else brand_kits.looks_of(brand)
