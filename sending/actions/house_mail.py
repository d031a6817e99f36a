"""Mail of the house itself (confirmations, resets, invitations): whose it is, and the domain that signs it."""

from django.conf import settings

from accounts.actions import organizations
from accounts.models import Organization
from accounts.tenancy import tenant_scope
from sending.actions import domains, stored_mail
from sending.enums import StreamKind
from sending.errors import DomainRefused
from sending.models import Delivery, SendingDomain


def keep(*, to: str, raw: bytes, from_address: str, subject: str, message_id: str) -> Delivery:
    """Store one system mail and queue it. Not inside of a tenant's scope (RuntimeError). See `stored_mail.keep`."""
    organization = organizations.house()
    with tenant_scope(organization):
        return stored_mail.keep(
            organization=organization,
            kind=StreamKind.APP,
            to=to,
            raw=raw,
            domain=domain(organization),
            from_address=from_address,
            subject=subject,
            message_id=message_id,
        )


def domain(organization: Organization) -> SendingDomain | None:
    """HOUSE_DOMAIN with its key, made when first needed; None when there is none. Inside of the house's scope."""
    if not settings.HOUSE_DOMAIN:
        return None
    found = SendingDomain.objects.filter(organization=organization, name=settings.HOUSE_DOMAIN).first()
    if found is None:
        try:
            found = domains.add(organization=organization, name=settings.HOUSE_DOMAIN, actor=None)
        except DomainRefused:  # somebody was faster, or it is no domain to send from (localhost)
            found = SendingDomain.objects.filter(organization=organization, name=settings.HOUSE_DOMAIN).first()
    return found


def ensure_domain() -> None:
    """Have HOUSE_DOMAIN's key ready, for whoever signs in the house's name. Not inside of a tenant's scope."""
    organization = organizations.house()
    with tenant_scope(organization):
        domain(organization)
