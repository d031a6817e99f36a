"""Changing a brand."""

from accounts.actions import audit
from accounts.models import Brand, User


def change(*, brand: Brand, actor: User | None, **facts: str) -> list[str]:
    """Set the brand's facts; returns the names of what changed. The audit log keeps both values."""
    before = Brand.objects.select_for_update().get(pk=brand.pk)
    changed = {
        name: [str(getattr(before, name)), value] for name, value in facts.items() if getattr(before, name) != value
    }
    if changed:
        for name, value in facts.items():
            setattr(brand, name, value)
        brand.save(update_fields=list(changed))
        audit.record(
            organization=brand.organization, actor=actor, verb="accounts.brand_changed", target=brand, data=changed
        )
    return list(changed)
