"""The brand's settings, and the stylesheet of its colour."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Brand, Organization
from accounts.tenancy import tenant_scope

pytestmark = pytest.mark.django_db
TYPED = {
    "name": "Kettle & Co",
    "from_name": "Kettle",
    "from_local": "News",
    "reply_to": "hello@example.org",
    "colour": "#c8511b",
    "postal_address": "",
}


def url(organization: Organization) -> str:
    return reverse("accounts:brand", kwargs={"org": organization.public_id})


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("marketer", 403), ("analyst", 403), ("outsider", 404)])
def test_only_admins_change_the_brand(
    who: str, status: int, organization: Organization, request: pytest.FixtureRequest
) -> None:
    assert request.getfixturevalue(f"as_{who}").post(url(organization), TYPED).status_code == status
    with tenant_scope(organization):
        brand = Brand.objects.get()
        assert (brand.name == "Kettle & Co") == (status == 302)
        assert AuditEntry.objects.filter(verb="accounts.brand_changed").exists() == (status == 302)
    if status == 302:
        assert (brand.from_local, brand.colour) == ("news", "#C8511B")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"from_name": "Kettle\r\nBcc: all@example.org"}, "Write it on one line."),
        ({"name": "Kettle\tCo"}, "Write it on one line."),
        ({"from_local": "news@copper"}, "Use letters, digits, dots and dashes"),
        ({"from_local": "a..b"}, "Use letters, digits, dots and dashes"),
        ({"reply_to": "hello"}, "Write an address like hello@example.org."),
        ({"colour": "red"}, "Write a colour like #0B6A62."),
        ({"colour": "}a{b:c"}, "Write a colour like #0B6A62."),
    ],
)
def test_what_is_wrong_is_said(as_owner: Client, organization: Organization, wrong: dict[str, str], says: str) -> None:
    answer = as_owner.post(url(organization), TYPED | wrong)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    with tenant_scope(organization):
        assert Brand.objects.get().name == "Copper Kettle"


def test_the_stylesheet_has_the_colour_for_day_and_night_and_is_kept(client: Client) -> None:
    answer = client.get(reverse("accounts:brand_css", args=["ffee00"]))
    css = answer.content.decode()
    assert answer["Content-Type"] == "text/css"
    assert "immutable" in answer["Cache-Control"]
    assert "--brand: #" in css
    assert "light-dark(" in css
    assert "#FFEE00" not in css.split("light-dark")[0]  # yellow on paper cannot be read, so it is darkened
    assert not answer.cookies


@pytest.mark.parametrize("colour", ["red", "12345", "1234567", "zzzzzz"])
def test_what_is_no_colour_has_no_stylesheet(client: Client, colour: str) -> None:
    assert client.get(reverse("accounts:brand_css", args=[colour])).status_code == 404
