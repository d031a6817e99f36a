"""Freezing content: a letter never changes, so that what was sent can always be shown."""

from accounts.models import Brand, Organization
from sending.merging import Plan, one_line
from sending.models import Letter, SendingDomain


def freeze(
    *,
    organization: Organization,
    brand: Brand,
    domain: SendingDomain,
    from_name: str,
    from_local: str,
    reply_to: str,
    subject: str,
    preheader: str,
    html: str,
    text: str,
    plan: Plan,
) -> Letter:
    """Keep the content of a send: compiled, before the merge, with its merge plan. Call inside of the organization's scope."""
    return Letter.objects.create(
        organization=organization,
        brand=brand,
        domain=domain,
        from_name=from_name,
        from_local=from_local,
        reply_to=reply_to,
        subject=subject,
        preheader=preheader,
        html=html,
        text=text,
        plan=plan.to_json(),
        links=list(plan.links),
        facts=facts_of(organization, brand),
    )


def facts_of(organization: Organization, brand: Brand) -> dict[str, dict[str, str]]:
    """The values of the merge that are the same for everybody, as `Letter.facts` keeps them."""
    return {
        "organization": {"name": organization.name},
        "brand": {"name": brand.name, "postal_address": one_line(brand.postal_address or organization.postal_address)},
    }
