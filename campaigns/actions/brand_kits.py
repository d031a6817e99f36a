"""Changing how a brand looks in mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts.actions import audit, brands
from accounts.models import Brand, User
from campaigns.models import BrandKit, Media


@transaction.atomic
def change(
    *,
    brand: Brand,
    colours: Mapping[str, str],
    fonts: Mapping[str, str],
    social: Sequence[Mapping[str, str]],
    logo: Media | None,
    actor: User,
) -> BrandKit:
    """Set the kit; every design is dressed in it from the next compile on. The logo is on recipients' pages, too.

    What was launched keeps its looks: a launch freezes the compiled mail.
    """
    kit, _ = BrandKit.objects.select_for_update().get_or_create(organization=brand.organization, brand=brand)
    before: dict[str, Any] = {"colours": kit.colours, "fonts": kit.fonts, "social": kit.social, "logo": kit.logo_id}
    kit.colours, kit.fonts, kit.social, kit.logo = dict(colours), dict(fonts), [dict(one) for one in social], logo
    kit.save()
    after = {"colours": kit.colours, "fonts": kit.fonts, "social": kit.social, "logo": kit.logo_id}
    changed = {name: [before[name], value] for name, value in after.items() if before[name] != value}
    if changed:
        audit.record(
            organization=brand.organization, actor=actor, verb="campaigns.brand_kit_changed", target=brand, data=changed
        )
    brands.change(brand=brand, actor=actor, logo=str(logo.file) if logo else "")
    return kit
