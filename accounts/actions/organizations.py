"""Founding and changing organizations."""

from accounts.actions import audit
from accounts.enums import Role
from accounts.models import Brand, Membership, Organization, User
from accounts.tenancy import cross_tenant


def found(*, owner: User, name: str, postal_address: str, time_zone: str, is_demo: bool = False) -> Organization:
    """A new organization with its owner and its one brand. Not inside of a tenant's scope (RuntimeError)."""
    with cross_tenant("a person founds an organization, which is nobody's yet"):
        organization = Organization.objects.create(
            name=name, postal_address=postal_address, time_zone=time_zone, is_demo=is_demo
        )
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
        Brand.objects.create(organization=organization, name=name, from_name=name, is_default=True)
        audit.record(organization=organization, actor=owner, verb="accounts.organization_founded", target=organization)
    return organization


def house() -> Organization:
    """The house's own organization, which sends confirmations and resets; made when first needed. Not inside of a scope."""
    with cross_tenant("the house's own mail belongs to no tenant"):
        organization, _ = Organization.objects.get_or_create(is_house=True, defaults={"name": "Posthouse"})
    return organization


def change(*, organization: Organization, actor: User | None, **facts: str | bool) -> list[str]:
    """Set name, postal_address, time_zone, locale, needs_approval, tls_only; returns what changed. The log keeps both values."""
    before = Organization.objects.select_for_update().get(pk=organization.pk)
    changed = {name: [getattr(before, name), value] for name, value in facts.items() if getattr(before, name) != value}
    if changed:
        for name, value in facts.items():
            setattr(organization, name, value)
        organization.save(update_fields=list(changed))
        audit.record(
            organization=organization,
            actor=actor,
            verb="accounts.organization_changed",
            target=organization,
            data=changed,
        )
    return list(changed)
