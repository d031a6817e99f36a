"""The doors of campaigns: strangers get 404, members without the role 403."""

from django.http import Http404, HttpRequest

from accounts.access import require
from accounts.enums import Role
from accounts.models import Brand
from campaigns.models import Block, Campaign, Design, DesignVersion, Media
from sending.models import Delivery

_WITH = (
    *("topic", "segment", "excluded_segment", "domain", "brand", "design", "mailing", "mailing__letter"),
    *("organization", "parent"),
)


def campaign_for(request: HttpRequest, public_id: str, *, need: Role = Role.ANALYST) -> Campaign:
    """A campaign of this organization, with what its pages show."""
    found = (
        Campaign.objects.select_related(*_WITH).filter(organization=request.organization, public_id=public_id).first()
    )
    if found is None:
        raise Http404("There is no such campaign here.")
    require(request, need)
    return found


def design_for(request: HttpRequest, public_id: str, *, need: Role = Role.ANALYST) -> Design:
    """A template, or the content of a campaign, of this organization."""
    found = (
        Design.objects.select_related("brand", "organization", "saved_by")
        .filter(organization=request.organization, public_id=_typed(public_id))
        .first()
    )
    if found is None:
        raise Http404("There is no such template here.")
    require(request, need)
    return found


def brand_for(request: HttpRequest, public_id: str = "") -> Brand:
    """A brand of this organization; "": the default one."""
    own = Brand.objects.filter(organization=request.organization)
    found = (own.filter(public_id=_typed(public_id)) if public_id else own.filter(is_default=True)).first()
    if found is None:
        raise Http404("There is no such brand here.")
    return found


def message_for(request: HttpRequest, number: int, *, need: Role = Role.ANALYST) -> Delivery:
    """A message of this organization, by its number."""
    found = (
        Delivery.objects.select_related("mailing", "mailing__stream", "contact", "organization")
        .filter(organization=request.organization, pk=number)
        .first()
    )
    if found is None:
        raise Http404("There is no such message here.")
    require(request, need)
    return found


def media_for(request: HttpRequest, public_id: str, *, need: Role = Role.ANALYST) -> Media:
    """A picture of this organization's library."""
    found = (
        Media.objects.select_related("organization", "uploaded_by")
        .filter(organization=request.organization, public_id=public_id)
        .first()
    )
    if found is None:
        raise Http404("There is no such picture here.")
    require(request, need)
    return found


def block_for(request: HttpRequest, public_id: str, *, need: Role = Role.ANALYST) -> Block:
    """A saved block of this organization."""
    found = (
        Block.objects.select_related("organization", "saved_by")
        .filter(organization=request.organization, public_id=public_id)
        .first()
    )
    if found is None:
        raise Http404("There is no such block here.")
    require(request, need)
    return found


def version_for(request: HttpRequest, design: Design, number: int) -> DesignVersion:
    """A version of a design that the request may see."""
    found = DesignVersion.objects.select_related("saved_by").filter(design=design, version=number).first()
    if found is None:
        raise Http404("There is no such version.")
    return found


def _typed(public_id: str) -> str:
    """An id from a form, where anything may stand; PostgreSQL keeps no NUL."""
    return public_id.replace("\x00", "")
