"""The brand's settings, and its colour as a stylesheet."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import access
from accounts.actions import brands
from accounts.enums import Role
from accounts.face import colour as colours
from accounts.forms.brands import BrandForm
from accounts.queries import houses


def edit(request: HttpRequest, org: str) -> HttpResponse:
    brand = houses.default_brand(request.organization)
    form = BrandForm(request.POST or None, instance=brand)
    if request.method == "POST":
        access.require(request, Role.ADMIN)
        if form.is_valid():
            brands.change(brand=brand, actor=request.user, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect(access.tenant_url(request, "accounts:brand"))
    return render(request, "accounts/brands/edit.html", {"form": form, "brand": brand})


@require_safe
@cache_control(public=True, max_age=31536000, immutable=True)
def stylesheet(request: HttpRequest, colour: str) -> HttpResponse:
    """It depends on the colour alone, so it tells nothing about the brand and is kept for ever."""
    try:
        safe = colours.shades(colour)
    except ValueError as error:
        raise Http404 from error
    css = (
        f":root {{ --brand: {safe.light}; --on-brand: {safe.on_light}; }}\n"
        "@supports (color: light-dark(#fff, #000)) {\n"
        f"  :root {{ --brand: light-dark({safe.light}, {safe.dark});"
        f" --on-brand: light-dark({safe.on_light}, {safe.on_dark}); }}\n"
        "}\n"
    )
    return HttpResponse(css, content_type="text/css")
