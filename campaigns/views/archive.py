"""A brand's public archive: the list, one mail, and an Atom feed (RFC 4287). For everybody, about nobody."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.models import Brand
from accounts.tenancy import tenant_scope_id
from campaigns.queries import archives
from campaigns.views import public_pages

GONE = (
    gettext_lazy("There is nothing here"),
    gettext_lazy("This archive does not exist, or what you look for is no longer public."),
)


def _of_brand(view: Callable[..., HttpResponse | None]) -> Callable[..., HttpResponse]:
    """Opens the brand's scope; None from the view is a page that says that nothing is there."""

    @csrf_exempt  # so that a POST is answered 405 and not 403
    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, brand: str, **more: Any) -> HttpResponse:
        organization_id = archives.organization_of(brand)
        if organization_id is None:
            return public_pages.gone(request, *GONE)
        with tenant_scope_id(organization_id):
            found = Brand.objects.select_related("organization").get(public_id=brand)
            with timezone.override(ZoneInfo(found.organization.time_zone)), public_pages.spoken(request):
                response = view(request, found, **more)
        return response if response is not None else public_pages.gone(request, *GONE)

    return answer


@_of_brand
def list_(request: HttpRequest, brand: Brand) -> HttpResponse | None:
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    issues, following = archives.issues(brand, before=before)
    if not issues and before is None:
        return None  # an archive begins with the first campaign that is made public
    context = {"brand": brand, "issues": issues, "next": following}
    return public_pages.public(render(request, "campaigns/public_pages/archive.html", context))


@_of_brand
def show(request: HttpRequest, brand: Brand, campaign: str) -> HttpResponse | None:
    mail = archives.mail(brand, campaign)
    return public_pages.public(HttpResponse(mail.html), public_pages.MAIL_POLICY) if mail is not None else None


@_of_brand
def feed(request: HttpRequest, brand: Brand) -> HttpResponse | None:
    issues, _ = archives.issues(brand, most=archives.IN_FEED)
    if not issues:
        return None
    made = Atom1Feed(
        title=brand.name,
        link=archives.address_of(brand),
        description="",
        feed_url=archives.address_of(brand, "/feed.atom"),
        author_name=brand.name,
    )
    for issue in issues:
        address = archives.address_of(brand, f"/{issue.public_id}")
        made.add_item(
            title=issue.title,
            link=address,
            description=issue.summary,
            unique_id=address,
            pubdate=issue.at,
            updateddate=issue.at,
        )
    response = HttpResponse(made.writeString("utf-8"), content_type=made.content_type)
    return public_pages.public(response, "default-src 'none'")
