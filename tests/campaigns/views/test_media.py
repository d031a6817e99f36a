"""The media library: whoever may upload does, what is served is what was made, and nobody sees another's."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import designs, media
from campaigns.errors import Refused
from campaigns.models import Media
from campaigns.queries import media as library
from tests.campaigns.pictures_of import photograph, picture


def url(organization: Organization, name: str, **kwargs: Any) -> str:
    return reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def mug(organization: Organization, marketer: User) -> Media:
    with tenant_scope(organization):
        return media.add(
            organization=organization, name="mug.png", data=picture(800, 500), actor=marketer, alt="A mug"
        ).media


def file(name: str, data: bytes, kind: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, kind)


def test_many_at_once_and_a_bad_one_keeps_none_out(as_marketer: Client, organization: Organization) -> None:
    files = [file("a.png", picture()), file("evil.png", b"<svg onload=alert(1)>"), file("b.jpg", photograph(90, 90))]
    answer = as_marketer.post(url(organization, "media_upload"), {"files": files}, follow=True)
    page = answer.content.decode()
    assert "2 pictures added" in page and "evil.png: This is an SVG" in page
    assert "a.png" in page and "b.jpg" in page and "No words for it yet" in page


def test_one_without_words_is_asked_for_them(as_marketer: Client, organization: Organization) -> None:
    answer = as_marketer.post(url(organization, "media_upload"), {"files": [file("a.png", picture())]}, follow=True)
    assert "What it shows" in answer.content.decode()
    where = answer.redirect_chain[-1][0]
    saved = as_marketer.post(where, {"name": "Mug", "alt": " A red   mug\x00 "}, follow=True)
    assert 'alt="A red mug"' in saved.content.decode()


def test_the_editor_is_told_in_json(as_marketer: Client, organization: Organization) -> None:
    headers = {"Accept": "application/json"}
    answer = as_marketer.post(
        url(organization, "media_upload"),
        {"files": [file("a.png", picture(900, 20)), file("b", b"x")]},
        headers=headers,
    )
    told = answer.json()
    assert [p["name"] for p in told["pictures"]] == ["a.png"] and told["refused"][0].startswith("b: ")
    assert told["pictures"][0]["src"].startswith(f"/media/{organization.public_id}/") and told["pictures"][0]["new"]
    assert as_marketer.post(url(organization, "media_upload"), {}, headers=headers).status_code == 422
    listed = as_marketer.get(url(organization, "media_json"), {"q": "a.p"}).json()
    assert [p["width"] for p in listed["pictures"]] == [900] and listed["pages"] == 1


def test_served_by_its_hash_to_everybody_and_for_ever(client: Client, organization: Organization, mug: Media) -> None:
    answer = client.get(library.address(mug))
    assert answer.status_code == 200 and answer["Content-Type"] == "image/png" and len(answer.content) == mug.size
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff" and not answer.cookies
    assert client.get(library.address(mug), headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(library.address(mug, 640)).content != answer.content
    for path in (
        "../secret_key",
        "0" * 32 + ".png",
        mug.sha256[:32] + ".svg",
        mug.sha256[:32] + "/../x.png",
        "%2e%2e/a.png",
    ):
        assert client.get(f"/media/{organization.public_id}/{path}").status_code == 404
    assert client.post(library.address(mug)).status_code == 405


def test_the_same_picture_is_kept_once(organization: Organization, marketer: User, mug: Media) -> None:
    with tenant_scope(organization):
        media.put_away(media=mug, actor=marketer)
        again = media.add(organization=organization, name="again.png", data=picture(800, 500), actor=marketer)
        assert not again.is_new and again.media.pk == mug.pk and Media.objects.get().archived_at is None


def test_room_is_counted(organization: Organization, marketer: User, mug: Media, settings: Any) -> None:
    settings.MEDIA_QUOTA_MB = 0
    with tenant_scope(organization), pytest.raises(Refused, match="no room for it"):
        media.add(organization=organization, name="more.png", data=picture(30, 30), actor=marketer)


def test_where_it_stands(
    as_analyst: Client, organization: Organization, brand: Brand, marketer: User, mug: Media
) -> None:
    picture_in_it = f'<mj-image src="{library.address(mug, 640)}" />'
    mjml = f"<mjml><mj-body><mj-section><mj-column>{picture_in_it}</mj-column></mj-section></mj-body></mjml>"
    with tenant_scope(organization):
        designs.create(organization=organization, brand=brand, name="With the mug", mjml=mjml, actor=marketer)
    assert "in 1 design" in as_analyst.get(url(organization, "media")).content.decode()
    assert "With the mug" in as_analyst.get(url(organization, "media_item", media=mug.public_id)).content.decode()


def test_search_put_away_and_bring_back(as_marketer: Client, organization: Organization, mug: Media) -> None:
    assert "mug.png" in as_marketer.get(url(organization, "media"), {"q": "A MUG"}).content.decode()
    assert "No picture is called" in as_marketer.get(url(organization, "media"), {"q": "50%_\x00"}).content.decode()
    put_away = as_marketer.post(url(organization, "media_archive", media=mug.public_id), follow=True).content.decode()
    assert "is put away" in put_away and "No pictures yet" in put_away
    assert "mug.png" in as_marketer.get(url(organization, "media"), {"archived": ""}).content.decode()
    assert (
        "is back"
        in as_marketer.post(url(organization, "media_restore", media=mug.public_id), follow=True).content.decode()
    )


def test_who_may_do_what(
    as_owner: Client, as_analyst: Client, as_outsider: Client, client: Client, organization: Organization, mug: Media
) -> None:
    item = {"media": mug.public_id}
    for name, kwargs in (("media", {}), ("media_json", {}), ("media_item", item)):
        where = url(organization, name, **kwargs)
        assert as_owner.get(where).status_code == as_analyst.get(where).status_code == 200
        assert as_outsider.get(where).status_code == 404 and client.get(where).status_code == 302
    for name, kwargs in (("media_upload", {}), ("media_item", item), ("media_archive", item), ("media_restore", item)):
        where = url(organization, name, **kwargs)
        assert as_analyst.post(where).status_code == 403 and as_outsider.post(where).status_code == 404
        assert as_owner.post(where).status_code == 302
    assert "Upload pictures" not in as_analyst.get(url(organization, "media")).content.decode()


LIBRARY_QUERIES = 15


@pytest.mark.parametrize("rows", [1, 3])
def test_the_library_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, marketer: User, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        for n in range(rows):
            media.add(organization=organization, name=f"Number {n}", data=picture(20 + n, 20), actor=marketer)
    as_analyst.get(url(organization, "media"))
    with django_assert_num_queries(LIBRARY_QUERIES):
        assert as_analyst.get(url(organization, "media")).content.decode().count("picture-frame") == rows
