"""Every page and endpoint, tried by owner, marketer, analyst and outsider."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import urls
from campaigns.actions import blocks, designs, launches, media, shares, variants
from campaigns.actions import campaigns as drafts
from campaigns.designs.starters import starter
from campaigns.enums import Differs, Metric
from campaigns.models import Campaign
from sending.models import Delivery
from tests.campaigns.pictures_of import picture

LOOK = ("owner", "marketer", "analyst")
WRITE = ("owner", "marketer")

# name -> (method, who may)
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "home": ("get", LOOK),
    "campaigns": ("get", LOOK),
    "campaign_new": ("get", WRITE),
    "calendar": ("get", LOOK),
    "compare": ("get", LOOK),
    "audience": ("get", LOOK),
    "jobs": ("get", LOOK),
    "campaign": ("get", LOOK),
    "campaign_edit": ("get", WRITE),
    "campaign_labels": ("get", WRITE),
    "campaign_duplicate": ("post", WRITE),
    "campaign_discard": ("post", WRITE),
    "campaign_content": ("get", WRITE),
    "campaign_choose": ("post", WRITE),
    "campaign_versions": ("get", LOOK),
    "version_content": ("get", WRITE),
    "version_choose": ("post", WRITE),
    "campaign_winner": ("get", WRITE),
    "campaign_versions_give_up": ("post", WRITE),
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
    "campaign_did": ("get", LOOK),
    "campaign_did_csv": ("get", LOOK),
    "campaign_retry": ("get", WRITE),
    "campaign_retry_stop": ("post", WRITE),
    "campaign_link": ("get", LOOK),
    "campaign_link_back": ("post", WRITE),
    "campaign_resend": ("get", WRITE),
    "campaign_correct": ("get", WRITE),
    "campaign_shares": ("get", WRITE),
    "campaign_share_revoke": ("post", WRITE),
    "campaign_clicks": ("get", LOOK),
    "campaign_clicks_mail": ("get", LOOK),
    "designs": ("get", LOOK),
    "design_new": ("get", WRITE),
    "starter_preview": ("get", LOOK),
    "media": ("get", LOOK),
    "media_upload": ("post", WRITE),
    "media_json": ("get", LOOK),
    "media_item": ("get", LOOK),
    "media_archive": ("post", WRITE),
    "media_restore": ("post", WRITE),
    "design_bring": ("get", WRITE),
    "blocks": ("get", LOOK),
    "blocks_json": ("get", LOOK),
    "block_save": ("post", WRITE),
    "block_preview": ("get", LOOK),
    "block_rename": ("post", WRITE),
    "block_archive": ("post", WRITE),
    "block_restore": ("post", WRITE),
    "brand_kit": ("get", LOOK),
    "brand_kit_of": ("get", LOOK),
    "brand_kit_contrast": ("get", LOOK),
    "brand_kit_preview": ("get", LOOK),
    "design": ("get", LOOK),
    "design_save": ("post", WRITE),
    "design_preview": ("get", LOOK),
    "design_export": ("get", LOOK),
    "block_new": ("get", WRITE),
    "design_versions": ("get", LOOK),
    "design_version": ("get", LOOK),
    "design_version_preview": ("get", LOOK),
    "design_version_restore": ("post", WRITE),
    "design_rename": ("post", WRITE),
    "design_archive": ("post", WRITE),
    "design_restore": ("post", WRITE),
    "waiting": ("get", ("owner",)),
    "waiting_messages": ("get", ("owner",)),
    "messages": ("get", LOOK),
    "message": ("get", LOOK),
    "message_retry": ("post", WRITE),
    "message_again": ("post", WRITE),
}
# Shown to all who may look, changed by fewer: who may post.
CHANGED = {
    "campaign_link": WRITE,
    "campaign_versions": WRITE,
    "media_item": WRITE,
    "brand_kit": WRITE,
    "brand_kit_of": WRITE,
}
ABOUT_ONE = ("campaign_", "version_", "design_", "message_", "media_", "block_", "brand_kit_")
# Of the organization alone, though they are called like pages about one thing.
ABOUT_NOTHING = ("campaign_new", "design_new", "design_bring", "block_save", "media_upload", "media_json")
# About a campaign that was sent; nothing of it is there before.
OF_SENT = (
    "campaign_link",
    "campaign_link_back",
    "campaign_resend",
    "campaign_correct",
    "campaign_did",
    "campaign_did_csv",
    "campaign_shares",
    "campaign_share_revoke",
    "campaign_clicks",
    "campaign_clicks_mail",
)
ANSWERED = (200, 201, 286, 302, 422)
SECTION = "<mj-section><mj-column><mj-text>Foot</mj-text></mj-column></mj-section>"
DATA: dict[str, dict[str, Any]] = {
    "campaign_choose": {"starter": "letter"},
    "version_choose": {"starter": "letter"},
    "campaign_test": {"to": "me@a.example"},
    "design_save": {"mjml": "<mjml></mjml>", "version": "1"},
    "design_rename": {"name": "Other"},
    "block_save": {"name": "Foot", "mjml": SECTION},
    "block_rename": {"name": "Other"},
}


def test_every_address_is_tried() -> None:
    assert {pattern.name for pattern in urls.urlpatterns} == set(PAGES)
    assert get_resolver()


@pytest.fixture
def addresses(
    organization: Organization, draft: Campaign, marketer: User, people: Callable[..., Any]
) -> Callable[[str], str]:
    """The address of each page, about a draft, a sent campaign, a template, a picture, a block, a sent message."""
    people(2)
    with tenant_scope(organization):
        launches.launch(campaign=draft, actor=marketer)
        launches.freeze(campaign=Campaign.objects.get(pk=draft.pk))
        template = designs.create(
            organization=organization, brand=draft.brand, name="Mine", mjml=starter("letter").mjml, actor=marketer
        )
        shown = media.add(organization=organization, name="mug.png", data=picture(80, 50), actor=marketer).media
        block = blocks.save(organization=organization, name="Footer", mjml=SECTION, actor=marketer)
        share = shares.share(campaign=Campaign.objects.get(pk=draft.pk), ends_at=None, actor=marketer)
        sent = draft.public_id
        message = Delivery.objects.first()
        draft.pk, draft.public_id, draft.mailing, draft.design = None, "another22222", None, None
        draft._state.adding = True
        draft.save()
        drafts.choose_content(campaign=draft, name="Mine", mjml=template.mjml, actor=marketer)
        variants.set_up(
            campaign=draft,
            actor=marketer,
            what=Differs.CONTENT,
            versions=[{}],
            share=50,
            metric=Metric.CLICKS,
            minutes=60,
        )

    def address(name: str) -> str:
        kwargs: dict[str, Any] = {"org": organization.public_id}
        if name.startswith(("campaign", "version_")) and name not in ("campaigns", "campaign_new"):
            kwargs["campaign"] = sent if name in OF_SENT else draft.public_id
            if name.startswith("version_"):
                kwargs["number"] = 2
            if name in ("campaign_link", "campaign_link_back"):
                kwargs["number"] = 1
            if name == "campaign_share_revoke":
                kwargs["share"] = share.public_id
        elif name in ("design", "block_new") or (name.startswith("design_") and name not in ABOUT_NOTHING):
            kwargs["design"] = template.public_id
            if name.startswith("design_version") and name != "design_versions":
                kwargs["version"] = 1
            elif name == "design_export":
                kwargs["kind"] = "mjml"
        elif name.startswith("media_") and name not in ABOUT_NOTHING:
            kwargs["media"] = shown.public_id
        elif name.startswith("block_") and name not in ABOUT_NOTHING:
            kwargs["block"] = block.public_id
        elif name.startswith("brand_kit_"):
            kwargs["brand"] = draft.brand.public_id
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
            expected[role] = ANSWERED if role in allowed else (403,)
        expected["owner"] = (404,) if name == "campaign_discard" else ANSWERED
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


def test_who_may_change_what_all_may_see(
    addresses: Callable[[str], str],
    as_owner: Client,
    as_marketer: Client,
    as_analyst: Client,
    as_outsider: Client,
    client: Client,
) -> None:
    for name, allowed in CHANGED.items():
        url = addresses(name)
        assert as_outsider.post(url).status_code == 404 and client.post(url).status_code == 302, name
        for role, who in {"owner": as_owner, "marketer": as_marketer, "analyst": as_analyst}.items():
            assert who.post(url).status_code in (ANSWERED if role in allowed else (403,)), (name, role)


def test_no_page_is_changed_by_those_who_only_look(
    addresses: Callable[[str], str], as_analyst: Client, as_outsider: Client
) -> None:
    for name, (method, allowed) in PAGES.items():
        if method == "get":
            url = addresses(name)
            refused = (405,) if allowed == LOOK and name not in CHANGED else (403, 405)
            assert as_analyst.post(url).status_code in refused, name
            assert as_outsider.post(url).status_code in (404, 405), name


def test_another_organizations_object_is_not_found_under_ones_own(
    addresses: Callable[[str], str], organization: Organization, other_organization: Organization, as_outsider: Client
) -> None:
    for name, (method, _) in PAGES.items():
        if name.startswith(ABOUT_ONE) and name not in ABOUT_NOTHING:
            url = addresses(name).replace(organization.public_id, other_organization.public_id)
            assert getattr(as_outsider, method)(url, DATA.get(name, {})).status_code == 404, name
