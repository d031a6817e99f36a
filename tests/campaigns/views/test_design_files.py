"""Designs come in from pages and ZIPs, whatever those are, and go out whole."""

import io
import re
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import designs
from campaigns.designs import bundles
from campaigns.designs.findings import DesignError
from campaigns.designs.starters import starter
from campaigns.models import Design, Media
from tests.campaigns.pictures_of import picture

PAGE = (
    "<html><head><title>Brought</title></head><body><p>Hello</p>"
    '<img src="img/a%20b.png?x=1" alt="A"><img src="none.png"></body></html>'
)


def url(organization: Organization, name: str, **kwargs: Any) -> str:
    return reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, **kwargs})


def packed(**files: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def bring(client: Client, organization: Organization, data: bytes, name: str = "mail.zip") -> Any:
    return client.post(url(organization, "design_bring"), {"file": SimpleUploadedFile(name, data)}, follow=True)


def test_a_zip_with_its_pictures(as_marketer: Client, organization: Organization) -> None:
    data = packed(
        **{
            "news/index.html": PAGE,
            "news/img/a b.png": picture(),
            "news/notes.txt": "x",
            "__MACOSX/news/._index.html": "x",
            "news/evil.svg": "<svg onload=alert(1)>",
        }
    )
    answer = bring(as_marketer, organization, data).content.decode()
    assert "is brought in" in answer and "none.png was not in what you uploaded" in answer and "evil.svg" in answer
    with tenant_scope(organization):
        design, media = Design.objects.get(), Media.objects.get()
    assert design.name == "Brought" and f'src="/media/{organization.public_id}/{media.sha256[:32]}.png"' in design.mjml
    assert "pictures.invalid" not in design.mjml and media.name == "a%20b.png?x=1"
    shown = as_marketer.get(url(organization, "design_preview", design=design.public_id)).content.decode()
    assert "Hello" in shown


def test_a_page_as_a_file_or_pasted(as_marketer: Client, organization: Organization) -> None:
    assert (
        "is brought in" in bring(as_marketer, organization, "<p>Grüße</p>".encode("cp1252"), "a.html").content.decode()
    )
    pasted = as_marketer.post(url(organization, "design_bring"), {"html": "<p>Hi</p>", "name": "Mine"}, follow=True)
    assert "“Mine” is brought in" in pasted.content.decode().replace("&quot;", '"')
    with tenant_scope(organization):
        assert "Grüße" in Design.objects.get(name="Brought in").mjml


def lying_bomb() -> bytes:
    """Says that it holds ten octets and unpacks to a hundred million."""
    data = bytearray(packed(**{"index.html": b"0" * 100_000_000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 no zip", "cannot be opened"),
        (packed(**{"a.txt": "x"}), "no HTML file"),
        (packed(**{"../../etc/index.html": PAGE}), "no HTML file"),
        (packed(**{"/index.html": PAGE, "C:/index.html": PAGE}), "no HTML file"),
        (packed(**{"index.html": b"<p>" + b"0" * 50_000_000}), "too large when it is unpacked"),
        (lying_bomb(), "too large|damaged|cannot be opened"),
        (packed(**{f"f{n}.png": b"x" for n in range(400)}), "400 files"),
        (packed(**{"index.html": "<div>" * 100_000}), "nested deeper"),
        (b"", "Choose a file|nothing to show"),
    ],
    ids=("no zip", "no page", "climbs", "absolute", "too large", "lies", "many files", "too deep", "nothing"),
)
def test_what_cannot_be_opened_is_refused_with_what_to_do(
    as_marketer: Client, organization: Organization, data: bytes, words: str
) -> None:
    answer = as_marketer.post(url(organization, "design_bring"), {"file": SimpleUploadedFile("a.zip", data)})
    assert answer.status_code == 422 and re.search(words, answer.content.decode())
    with tenant_scope(organization):
        assert not Design.objects.exists()


def test_names_that_lead_out_of_the_archive_name_nothing() -> None:
    page = '<img src="../../secret.png"><img src="/etc/x.png"><img src="..%2f..%2fsecret.png">'
    bundle = bundles.read(
        packed(**{"a/index.html": page, "../secret.png": picture(), "a\\..\\..\\secret.png": picture()})
    )
    assert not bundle.files
    for address in ("../../secret.png", "..%2f..%2fsecret.png", "/etc/x.png", "", "%00", "C:\\x.png"):
        assert bundle.picture(address) is None
    with pytest.raises(DesignError):
        bundles.read(packed(**{"index.html": PAGE})[:-30])


def test_a_paste_of_fifty_megabytes_is_refused_in_words(as_marketer: Client, organization: Organization) -> None:
    answer = as_marketer.post(url(organization, "design_bring"), {"html": "x" * 50_000_000})
    assert answer.status_code == 413 and "larger than 30 MB" in answer.content.decode()
    answer = as_marketer.post(url(organization, "design_bring"), {"html": "x" * 6_000_000})
    assert answer.status_code == 413 and "too much to paste" in answer.content.decode()


def test_the_token_is_asked_for(organization: Organization, marketer: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(marketer)
    assert strict.post(url(organization, "design_bring"), {"html": "<p>x</p>"}).status_code == 403


def test_out_and_in_again(as_marketer: Client, organization: Organization, brand: Brand, marketer: User) -> None:
    with tenant_scope(organization):
        design = designs.create(
            organization=organization, brand=brand, name="Größte / Sale", mjml=starter("sale").mjml, actor=marketer
        )
    of = {"design": design.public_id}
    mjml = as_marketer.get(url(organization, "design_export", **of, kind="mjml"))
    assert 'name="kit-button"' in mjml.content.decode() and 'src="/' not in mjml.content.decode()
    assert mjml["Content-Disposition"] == 'attachment; filename="grote-sale.mjml"' and mjml["Content-Type"].startswith(
        "text/plain"
    )
    html = as_marketer.get(url(organization, "design_export", **of, kind="html")).content.decode()
    assert "{{ unsubscribe_url }}" in html
    archive = as_marketer.get(url(organization, "design_export", **of, kind="zip")).content
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = set(opened.namelist())
        page = opened.read("index.html").decode()
    assert {"index.html", "design.mjml", "pictures/bags.png", "pictures/product-cup.png"} <= names
    assert 'src="pictures/bags.png"' in page and "/static/designs/" not in page
    assert "is brought in" in bring(as_marketer, organization, archive).content.decode()
    assert as_marketer.get(url(organization, "design_export", **of, kind="exe")).status_code == 404


def test_who_may_do_what(
    as_owner: Client, as_analyst: Client, as_outsider: Client, organization: Organization, brand: Brand, owner: User
) -> None:
    with tenant_scope(organization):
        design = designs.create(
            organization=organization, brand=brand, name="A", mjml=starter("letter").mjml, actor=owner
        )
    where = url(organization, "design_bring")
    assert as_analyst.get(where).status_code == as_analyst.post(where).status_code == 403
    assert as_outsider.get(where).status_code == 404 and as_owner.get(where).status_code == 200
    file = url(organization, "design_export", design=design.public_id, kind="zip")
    assert as_analyst.get(file).status_code == 200 and as_outsider.get(file).status_code == 404
