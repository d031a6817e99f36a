"""Every page and endpoint, tried by owner, marketer, analyst and outsider."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import urls
from campaigns.actions import designs, launches
from campaigns.designs.starters import starter
from campaigns.models import Campaign
from sending.models import Delivery

LOOK = ("owner", "marketer", "analyst")
WRITE = ("owner", "marketer")

# name -> (method, who may)
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "home": ("get", LOOK),
    "campaigns": ("get", LOOK),
    "campaign_new": ("get", WRITE),
    "audience": ("get", LOOK),
    "jobs": ("get", LOOK),
    "campaign": ("get", LOOK),
    "campaign_edit": ("get", WRITE),
    "campaign_discard": ("post", WRITE),
    "campaign_content": ("get", WRITE),
    "campaign_choose": ("post", WRITE),
    "campaign_mail": ("get", LOOK),
    "campaign_test": ("post", WRITE),
    "campaign_launch": ("post", WRITE),
    "campaign_pause": ("post", WRITE),
    "campaign_resume": ("post", WRITE),
    "campaign_cancel": ("post", WRITE),
    "campaign_live": ("get", LOOK),
    "campaign_people": ("get", LOOK),
    "campaign_people_csv": ("get", LOOK),
    "designs": ("get", LOOK),
    "design_new": ("get", WRITE),
    "starter_preview": ("get", LOOK),
    "design": ("get", LOOK),
    "design_save": ("post", WRITE),
    "design_preview": ("get", LOOK),
    "design_rename": ("post", WRITE),
    "design_archive": ("post", WRITE),
    "design_restore": ("post", WRITE),
    "messages": ("get", LOOK),
    "message": ("get", LOOK),
    "message_retry": ("post", WRITE),
    "message_again": ("post", WRITE),
}
DATA: dict[str, dict[str, Any]] = {
    "campaign_choose": {"starter": "letter"},
    "campaign_test": {"to": "me@a.example"},
    "design_save": {"mjml": "<mjml></mjml>", "version": "1"},
    "design_rename": {"name": "Other"},
}


def test_every_address_is_tried() -> None:
    assert {pattern.name for pattern in urls.urlpatterns} == set(PAGES)
    assert get_resolver()


@pytest.fixture
def addresses(organization: Organization, draft: Campaign, marketer: User, people: Callable[..., Any]) -> Callable[[str], str]:
    """The address of each page, about a draft, a template, a sent message."""
    people(2)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        template = designs.create(
            organization=organization, brand=draft.brand, name="Mine", mjml=starter("letter").mjml, actor=marketer
        )
        message = Delivery.objects.first()
        draft.pk, draft.public_id, draft.mailing, draft.design = None, "another22222", None, None
        draft._state.adding = True
        draft.save()

    def address(name: str) -> str:
        kwargs: dict[str, Any] = {"org": organization.public_id}
        if name.startswith("campaign") and name not in ("campaigns", "campaign_new"):
            kwargs["campaign"] = draft.public_id
        elif name == "design" or name.startswith("design_") and name != "design_new":
            kwargs["design"] = template.public_id
        elif name.startswith("message") and name != "messages":
            kwargs["message"] = message.pk
        elif name == "starter_preview":
            kwargs["starter"] = "letter"
        return reverse(f"campaigns:{name}", kwargs=kwargs)

    return address


@pytest.mark.parametrize("name", PAGES)
def test_who_may(
    name: str,
    addresses: Callable[[str], str],
    as_owner: Client,
    as_marketer: Client,
    as_analyst: Client,
    as_outsider: Client,
    client: Client,
) -> None:
    method, allowed = PAGES[name]
    url = addresses(name)

    def status(who: Client) -> int:
        response = getattr(who, method)(url, DATA.get(name, {}))
        if getattr(response, "streaming", False):
            b"".join(response.streaming_content)
        return int(response.status_code)

    assert status(as_outsider) == 404
    assert status(client) == 302  # to the login
    if method == "post":
        assert as_owner.get(url).status_code == 405
    else:
        assert as_owner.delete(url).status_code == 405
    for role, who in (("analyst", as_analyst), ("marketer", as_marketer)):
        got = status(who)
        if role in allowed:
            assert got in (200, 286, 302, 422), f"{role}: {got}"
        else:
            assert got == 403, f"{role}: {got}"
    if name != "campaign_discard":
        assert status(as_owner) in (200, 286, 302, 422)


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith(("campaign_", "design_", "message_"))])
def test_another_organizations_object_is_not_found_under_ones_own(
    name: str, addresses: Callable[[str], str], organization: Organization, other_organization: Organization, as_outsider: Client
) -> None:
    method, _ = PAGES[name]
    if name in ("campaign_new", "design_new"):
        return
    url = addresses(name).replace(organization.public_id, other_organization.public_id)
    assert getattr(as_outsider, method)(url, DATA.get(name, {})).status_code == 404
