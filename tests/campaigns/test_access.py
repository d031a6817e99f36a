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
    "campaign_tester_forget": ("post", WRITE),
    "campaign_preview": ("get", LOOK),
    "campaign_checks": ("get", LOOK),
    "campaign_ask_links": ("post", WRITE),
    "campaign_launch": ("get", WRITE),
    "campaign_take_back": ("post", WRITE),
    "campaign_go_on": ("post", WRITE),
    "campaign_stop": ("post", WRITE),
    "approvals": ("get", LOOK),
    "campaign_approve": ("post", WRITE),
    "campaign_send_back": ("post", WRITE),
    "campaign_withdraw": ("post", WRITE),
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
def addresses(
    organization: Organization, draft: Campaign, marketer: User, people: Callable[..., Any]
) -> Callable[[str], str]:
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
        elif name == "design" or (name.startswith("design_") and name != "design_new"):
            kwargs["design"] = template.public_id
        elif name.startswith("message") and name != "messages":
            kwargs["message"] = message.pk
        elif name == "starter_preview":
            kwargs["starter"] = "letter"
        return reverse(f"campaigns:{name}", kwargs=kwargs)

    return address


def test_who_may(
    addresses: Callable[[str], str],
    as_owner: Client,
    as_marketer: Client,
    as_analyst: Client,
    as_outsider: Client,
    client: Client,
) -> None:
    wrong = []
    # Discarding comes last: nothing is left afterwards.
    for name in sorted(PAGES, key="campaign_discard".__eq__):
        method, allowed = PAGES[name]
        url = addresses(name)

        def status(who: Client, method: str = method, url: str = url, name: str = name) -> int:
            response = getattr(who, method)(url, DATA.get(name, {}))
            if getattr(response, "streaming", False):
                b"".join(response.streaming_content)
            return int(response.status_code)

        expected: dict[str, tuple[int, ...]] = {"outsider": (404,), "nobody": (302,)}
        for role in ("analyst", "marketer"):
            expected[role] = (200, 286, 302, 422) if role in allowed else (403,)
        expected["owner"] = (404,) if name == "campaign_discard" else (200, 286, 302, 422)
        people = {
            "outsider": as_outsider,
            "nobody": client,
            "analyst": as_analyst,
            "marketer": as_marketer,
            "owner": as_owner,
        }
        if status(as_owner, method="delete" if method == "get" else "get") != 405:
            wrong.append((name, "another method is answered"))
        for role, who in people.items():
            if (got := status(who)) not in expected[role]:
                wrong.append((name, f"{role}: {got}"))
    assert not wrong


def test_another_organizations_object_is_not_found_under_ones_own(
    addresses: Callable[[str], str], organization: Organization, other_organization: Organization, as_outsider: Client
) -> None:
    for name, (method, _) in PAGES.items():
        if name.startswith(("campaign_", "design_", "message_")) and name not in ("campaign_new", "design_new"):
            url = addresses(name).replace(organization.public_id, other_organization.public_id)
            assert getattr(as_outsider, method)(url, DATA.get(name, {})).status_code == 404, name
