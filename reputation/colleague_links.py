"""Links for a colleague who publishes a domain's records: signed, good for a month, and they show that domain alone."""

from dataclasses import dataclass

from django.core import signing

SALT = "reputation.colleague"
DAYS = 30


@dataclass(frozen=True, slots=True)
class Link:
    organization_id: int
    domain: str


def mint(*, organization_id: int, domain: str) -> str:
    """A token for the page of one domain (its public id)."""
    return signing.dumps([organization_id, domain], salt=SALT)


def read(token: str) -> Link | None:
    """What the token says; None when we did not make it, or over a month ago."""
    try:
        organization_id, domain = signing.loads(token, salt=SALT, max_age=DAYS * 86_400)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Link(organization_id, domain)
