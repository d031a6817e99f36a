"""What the links and pictures of a mail answered when they were last asked."""

import hashlib
from collections.abc import Iterable

from django.utils import timezone

from accounts.models import Organization
from campaigns import link_asking
from campaigns.models import LinkCheck
from campaigns.preflight.facts import Asked
from campaigns.preflight.markup import Markup
from campaigns.queries.content import Made


def hash_of(url: str) -> str:
    """What a row is found by."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def links_of(made: Made) -> list[str]:
    """The addresses of a mail that can be asked: those that are the same for everybody, whichever of its conditions hold."""
    found = [link.address for link in made.compiled.links] if made.compiled else []
    found += made.plan.links if made.plan else ()
    return [address for address in dict.fromkeys(found) if link_asking.may_ask(address)]


def pictures_of(markup: Markup, *, but: str) -> list[str]:
    """The pictures of a mail that lie on other people's servers. `but`: where our own lie; those we know."""
    found = (picture.address for picture in markup.pictures)
    return [address for address in dict.fromkeys(found) if link_asking.may_ask(address) and not address.startswith(but)]


def answers(organization: Organization, urls: Iterable[str]) -> dict[str, Asked]:
    """What is known of these addresses; nothing of those that nobody asked."""
    hashes = {hash_of(url): url for url in urls}
    rows = LinkCheck.objects.filter(organization=organization, url_hash__in=hashes)
    return {
        hashes[row.url_hash]: Asked(
            status=row.status if row.status in ("pass", "warn", "fail") else "",  # type: ignore[arg-type]
            detail=row.detail,
            size=row.size,
            is_known=row.asked_at is not None,
            is_due=row.due_at is not None,
        )
        for row in rows
    }


def waiting() -> list[int]:
    """Organizations whose links are due and with no worker; call inside of cross_tenant."""
    due = LinkCheck.objects.filter(due_at__lte=timezone.now())
    return list(due.order_by("organization_id").values_list("organization_id", flat=True).distinct()[:200])
