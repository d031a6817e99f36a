"""Reading sending domains: the list, what to publish, the key to sign with, and what is due for a check."""

from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organization
from sending import dns_records, keys
from sending.dns_records import Records
from sending.enums import DomainState
from sending.models import SendingDomain


def of(organization: Organization) -> QuerySet[SendingDomain]:
    """An organization's domains by name, without their keys."""
    return (
        SendingDomain.objects.filter(organization=organization)
        .defer("private_key", "second_private_key")
        .order_by("name")
    )


def verified(organization: Organization) -> QuerySet[SendingDomain]:
    """Those that mail may be sent from."""
    return of(organization).filter(state=DomainState.VERIFIED)


def records(domain: SendingDomain) -> Records:
    """What the domain has to publish."""
    return dns_records.for_domain(
        name=domain.name,
        selector=domain.selector,
        public_key=domain.public_key,
        return_path=domain.return_path,
        house_domain=settings.HOUSE_DOMAIN,
        link_host=urlsplit(settings.LINK_URL).hostname or "",
        second_selector=domain.second_selector,
        second_public_key=domain.second_public_key,
    )


def private_key(domain: SendingDomain) -> bytes:
    """The key to sign with as PEM. Keep it in memory only. Raises sending.keys.Unreadable."""
    return keys.decrypt(domain.private_key, purpose=keys.DKIM)


def second_private_key(domain: SendingDomain) -> bytes:
    """The second key likewise."""
    return keys.decrypt(domain.second_private_key, purpose=keys.DKIM)


def due(*, limit: int) -> list[tuple[int, int]]:
    """(organization, domain) ids whose check is due, the longest waiting first; call inside of cross_tenant."""
    return list(
        SendingDomain.objects.filter(check_due_at__lte=timezone.now())
        .order_by("check_due_at")
        .values_list("organization_id", "pk")[:limit]
    )
