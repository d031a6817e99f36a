"""The brand kit restyles every design at once, shows what is typed, and says what cannot be read."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import designs, media
from campaigns.designs.starters import starter
from campaigns.models import BrandKit, Media
from tests.campaigns.pictures_of import picture

GOOD = {
    "colour_accent": "#7a1fa2",
    "colour_on_accent": "#FFFFFF",
    "colour_link": "#7a1fa2",
    "colour_ink": "#111111",
    "colour_quiet": "#555555",
    "colour_sheet": "#FFFFFF",
    "colour_paper": "#EEEEEE",
    "font_titles": "Palatino",
    "font_body": "Verdana",
    "social_instagram": "https://instagram.example/kettle",
}


def url(organization: Organization, name: str, **kwargs: Any) -> str:
    return reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def logo(organization: Organization, marketer: User) -> Media:
    with tenant_scope(organization):
        return media.add(organization=organization, name="logo.png", data=picture(400, 100), actor=marketer).media


def test_every_design_wears_what_was_saved(
    as_marketer: Client, organization: Organization, brand: Brand, marketer: User, logo: Media
) -> None:
    with tenant_scope(organization):
        design = designs.create(
            organization=organization, brand=brand, name="Sale", mjml=starter("sale").mjml, actor=marketer
        )
    where = url(organization, "brand_kit_of", brand=brand.public_id)
    before = as_marketer.get(url(organization, "design_preview", design=design.public_id)).content.decode()
    answer = as_marketer.post(where, GOOD | {"logo": logo.pk}, follow=True)
    assert "Every design wears it" in answer.content.decode()
    after = as_marketer.get(url(organization, "design_preview", design=design.public_id)).content.decode()
    assert "#7A1FA2" in after and "#7A1FA2" not in before and "Verdana" in after
    assert f"/media/{organization.public_id}/{logo.sha256[:32]}.png" in after and "instagram.example" in after
    with tenant_scope(organization):
        assert Brand.objects.get(pk=brand.pk).logo.url == f"/media/{organization.public_id}/{logo.sha256[:32]}.png"
    gone = as_marketer.post(where, GOOD, follow=True)
    assert gone.status_code == 200
    with tenant_scope(organization):
        assert not Brand.objects.get(pk=brand.pk).logo and BrandKit.objects.get().logo is None


def test_the_preview_and_the_contrast_follow_what_is_typed(
    as_analyst: Client, organization: Organization, brand: Brand
) -> None:
    typed = GOOD | {"colour_accent": "#ffee00", "design": "announcement"}
    shown = as_analyst.get(url(organization, "brand_kit_preview", brand=brand.public_id), typed)
    assert "#FFEE00" in shown.content.decode() and "sandbox" in shown["Content-Security-Policy"]
    said = as_analyst.get(url(organization, "brand_kit_contrast", brand=brand.public_id), typed).content.decode()
    assert "Hard to read" in said and "Use #" in said
    with tenant_scope(organization):
        assert not BrandKit.objects.exists()
    odd = typed | {"colour_accent": "red;}</style><script>", "font_body": "Comic", "social_x": "javascript:alert(1)"}
    shown = as_analyst.get(url(organization, "brand_kit_preview", brand=brand.public_id), odd).content.decode()
    assert "<script" not in shown and "javascript:" not in shown
    wrong = as_analyst.get(url(organization, "brand_kit_preview", brand=brand.public_id), {"design": "nope"})
    assert wrong.status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour_ink", "ink"),
        ("font_body", "Comic Sans"),
        ("social_x", "javascript:alert(1)"),
        ("social_x", "x.example/me"),
        ("social_x", 'https://x.example/"><script>'),
        ("social_x", "https://[bad"),
        ("logo", "999999"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(
    as_marketer: Client, organization: Organization, brand: Brand, field: str, value: str
) -> None:
    answer = as_marketer.post(url(organization, "brand_kit_of", brand=brand.public_id), GOOD | {field: value})
    assert answer.status_code == 422
    with tenant_scope(organization):
        assert not BrandKit.objects.exists()


def test_who_may_do_what(
    as_owner: Client, as_analyst: Client, as_outsider: Client, organization: Organization, brand: Brand
) -> None:
    where = url(organization, "brand_kit_of", brand=brand.public_id)
    page = as_analyst.get(url(organization, "brand_kit"))
    assert page.status_code == 200 and "Save the kit" not in page.content.decode()
    assert as_analyst.post(where, GOOD).status_code == 403
    assert as_outsider.get(where).status_code == as_outsider.post(where, GOOD).status_code == 404
    assert as_owner.post(where, GOOD).status_code == 302
    assert as_owner.get(url(organization, "brand_kit_of", brand="nobody")).status_code == 404
