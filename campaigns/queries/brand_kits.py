"""Reading brand kits: how a brand looks in mail, as the compiler takes it."""

from django.conf import settings

from accounts.models import Brand, Organization
from campaigns.designs import kit as kits
from campaigns.designs.kit import Kit, Logo
from campaigns.models import BrandKit


def of(brand: Brand) -> BrandKit | None:
    """What was set for this brand; None when nothing was."""
    return BrandKit.objects.select_related("logo").filter(brand=brand).first()


def looks_of(brand: Brand) -> Kit:
    """The kit as designs are dressed in it; without one, what follows from the brand's colour."""
    return looks(brand, of(brand))


def looks(brand: Brand, kit: BrandKit | None) -> Kit:
    """The same of a kit at hand, saved or not."""
    colours = kits.of_brand(brand.colour)
    if kit is None:
        return Kit(name=brand.name, colours=colours)
    logo = kit.logo
    return Kit(
        name=brand.name,
        colours=colours | kit.colours,
        fonts=kit.fonts,
        logo=Logo(f"{settings.MEDIA_URL}{logo.file}", logo.width, logo.height) if logo else None,
        social=tuple((each["name"], each["url"]) for each in kit.social),
    )


def pictures_base(brand: Brand | None) -> str:
    """Where a mail fetches its pictures: the brand's own host for links, else the house's."""
    return brand.link_base if brand is not None else str(settings.LINK_URL)


def dressed(mjml: str, brand: Brand) -> str:
    """A design as it is compiled for this brand."""
    return kits.dress(mjml, looks_of(brand), base=pictures_base(brand))


def brands(organization: Organization) -> list[Brand]:
    """The brands of an organization, the default first."""
    return list(Brand.objects.filter(organization=organization).order_by("-is_default", "name", "id"))
