"""Pages of designs that the face is proved on: the gallery, blocks, brand kit, pictures, versions, bringing in."""

from typing import Any

from accounts.models import Brand, Organization
from campaigns.actions import blocks, brand_kits, designs, media
from campaigns.designs import sections
from campaigns.designs.starters import starter
from campaigns.models import Design
from posthouse.up.places import CHECKOUT

DRAWN = ("product-cup", "product-jar", "product-lamp", "product-plant", "morning", "kettle")
WORDS = {"product-cup": "A red mug with a cream stripe", "morning": "The sun comes up behind green hills"}


def _template(organization: Organization, key: str = "newsletter", name: str = "Monthly letter") -> Design:
    brand = Brand.objects.get(organization=organization)
    return designs.create(organization=organization, brand=brand, name=name, mjml=starter(key).mjml, actor=None)


def gallery(organization: Organization) -> dict[str, Any]:
    for key, name in (("newsletter", "Monthly letter"), ("products", "New in the shop"), ("event", "Evenings")):
        _template(organization, key, name)
    return {}


def library(organization: Organization) -> dict[str, Any]:
    for name in DRAWN:
        data = (CHECKOUT / "static" / "designs" / f"{name}.png").read_bytes()
        made = media.add(organization=organization, name=f"{name}.png", data=data, actor=None, alt=WORDS.get(name, ""))
    return {"media": made.media.public_id}


def one_picture(organization: Organization) -> dict[str, Any]:
    return library(organization)


def the_library(organization: Organization) -> dict[str, Any]:
    library(organization)
    return {}


def some_blocks(organization: Organization) -> dict[str, Any]:
    for key, name in (("newsletter", "Footer with address"), ("sale", "Sale, whole")):
        part = sections.split(starter(key).mjml)[-1 if key == "newsletter" else 1]
        blocks.save(organization=organization, name=name, mjml=part.mjml, actor=None)
    return {}


def a_design(organization: Organization) -> dict[str, Any]:
    return {"design": _template(organization).public_id}


def two_versions(organization: Organization) -> dict[str, Any]:
    design = _template(organization)
    changed = design.mjml.replace("What happened this month", "What happened in June").replace(
        "Dates to remember", "Two dates"
    )
    designs.save(design=design, mjml=changed, version=1, actor=None)
    return {"design": design.public_id}


def an_old_version(organization: Organization) -> dict[str, Any]:
    return two_versions(organization) | {"version": 1}


def a_loud_kit(organization: Organization) -> dict[str, Any]:
    brand = Brand.objects.get(organization=organization)
    brand_kits.change(
        brand=brand,
        colours={"accent": "#F2A93B", "on_accent": "#FFFFFF", "link": "#8A3B12"},
        fonts={"titles": "Palatino", "body": "Verdana"},
        social=[{"name": "instagram", "url": "https://instagram.example/kettle"}],
        logo=None,
        actor=None,
    )
    return {}


PAGES: list[dict[str, Any]] = [
    {"slug": "templates-full", "view": "campaigns:designs", "prepare": gallery},
    {"slug": "template-bring", "view": "campaigns:design_bring"},
    {"slug": "blocks-empty", "view": "campaigns:blocks"},
    {"slug": "blocks", "view": "campaigns:blocks", "prepare": some_blocks},
    {"slug": "block-new", "view": "campaigns:block_new", "prepare": a_design},
    {"slug": "brand-kit", "view": "campaigns:brand_kit"},
    {"slug": "brand-kit-loud", "view": "campaigns:brand_kit", "who": "analyst", "prepare": a_loud_kit},
    {"slug": "pictures-empty", "view": "campaigns:media"},
    {"slug": "pictures", "view": "campaigns:media", "prepare": the_library},
    {"slug": "picture", "view": "campaigns:media_item", "prepare": one_picture},
    {"slug": "design-editor", "view": "campaigns:design", "prepare": a_design},
    {"slug": "design-editor-analyst", "view": "campaigns:design", "who": "analyst", "prepare": a_design},
    {"slug": "versions", "view": "campaigns:design_versions", "prepare": two_versions},
    {"slug": "version", "view": "campaigns:design_version", "prepare": an_old_version},
]
