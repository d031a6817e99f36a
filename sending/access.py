"""The doors of sending: strangers get 404, members without the role 403."""

from ipaddress import ip_address

from django.http import Http404, HttpRequest

from accounts.access import require
from accounts.enums import Role
from sending.models import BounceWave, EspAccount, HeldBounce, SendingDomain
from sending.queries import egress
from sending.queries.egress import Address


def domain_for(request: HttpRequest, public_id: str, *, need: Role = Role.ANALYST) -> SendingDomain:
    """A sending domain of this organization."""
    domain = SendingDomain.objects.filter(organization=request.organization, public_id=public_id).first()
    if domain is None:
        raise Http404("There is no such domain here.")
    require(request, need)
    return domain


def as_address(text: str) -> str:
    """An IP address in its one spelling. Raises Http404."""
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise Http404("There is no such address.") from error


def address_for(request: HttpRequest, text: str, *, need: Role = Role.ADMIN) -> Address:
    """An address that is dedicated to this organization."""
    found = egress.address(as_address(text))
    if found is None:
        raise Http404("There is no such address here.")
    require(request, need)
    return found


def account_for(request: HttpRequest, public_id: str, *, need: Role = Role.ANALYST) -> EspAccount:
    """An account with an ESP of this organization; also one that is disconnected."""
    account = (
        EspAccount.objects.select_related("organization")
        .filter(organization=request.organization, public_id=public_id)
        .first()
    )
    if account is None:
        raise Http404("There is no such account here.")
    require(request, need)
    return account


def wave_for(request: HttpRequest, public_id: str) -> BounceWave:
    """A wave of bounces that cost this organization something."""
    wave = BounceWave.objects.filter(public_id=public_id).first()
    if wave is None or not HeldBounce.objects.filter(organization=request.organization, wave=wave).exists():
        raise Http404("There is no such wave of bounces here.")
    return wave
