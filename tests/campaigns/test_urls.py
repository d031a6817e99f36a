"""Every page against hostile words in whatever it shows, and every form against what belongs to somebody else."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import blocks, designs, media, testers
from campaigns.designs.starters import starter
from campaigns.enums import CampaignState
from campaigns.models import Approval, Block, BrandKit, Campaign, Design, DesignVersion, Media, Tester
from campaigns.queries import shares
from contacts.models import Contact, Segment, Topic
from sending.models import Delivery, Letter, SendingDomain
from tests.campaigns.pictures_of import picture
from tests.campaigns.test_access import PAGES, SECTION, addresses  # noqa: F401
from tests.campaigns.views.test_web_versions import marks

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
RUNS = re.compile(r"<script>alert|<img src=x", re.IGNORECASE)
# What people type, wherever it is kept and whatever a form would have made of it.
TYPED: dict[type[models.Model], tuple[str, ...]] = {
    Campaign: ("name", "preheader", "notes", "from_name", "problem"),
    Design: ("name",),
    DesignVersion: ("note",),
    Block: ("name",),
    Media: ("name", "alt"),
    Tester: ("name", "address"),
    Approval: ("note", "answer"),
    Topic: ("name",),
    Segment: ("name",),
    Brand: ("name", "from_name", "postal_address"),
    Contact: ("address",),
    Delivery: ("address", "provider", "code"),
    Letter: ("preheader", "from_name"),
}


@pytest.fixture
def hostile(addresses: Callable[[str], str], organization: Organization, marketer: User) -> Campaign:  # noqa: F811
    """A campaign that was sent and is public, in a house where everything is called by hostile words."""
    with tenant_scope(organization):
        testers.keep(organization=organization, addresses=["t@x.example"], actor=marketer)
        segment = Segment.objects.create(organization=organization, name="S", definition={"match": "all", "rules": []})
        Campaign.objects.update(segment=segment, tags=[HOSTILE], subject=HOSTILE)
        sent = Campaign.objects.exclude(mailing=None).get()
        Approval.objects.create(organization=organization, campaign=sent, fingerprint="x", asked_by=marketer)
        Contact.objects.update(values={"first_name": HOSTILE, "last_name": HOSTILE, "city": HOSTILE})
        for model, names in TYPED.items():
            rows = model.objects.all()  # type: ignore[attr-defined]
            for name in names:
                rows.update(**{name: HOSTILE[: model._meta.get_field(name).max_length]})  # type: ignore[union-attr]
        letter = Letter.objects.get()
        letter.plan["parts"]["subject"] = {"chunks": [HOSTILE], "slots": []}
        letter.facts = {"organization": {"name": HOSTILE}, "brand": {"name": HOSTILE, "postal_address": HOSTILE}}
        letter.save()
    Organization.objects.filter(pk=organization.pk).update(name=HOSTILE)
    User.objects.filter(pk=marketer.pk).update(name=HOSTILE)
    with tenant_scope(organization):
        return Campaign.objects.select_related("brand", "mailing").get(pk=sent.pk)


def said(client: Client, where: str) -> str:
    answer = client.get(where)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code in (200, 286, 302), (where, answer.status_code)
    return body.decode("utf-8-sig") if "html" in answer.headers.get("Content-Type", "") else ""


def test_words_are_words_on_every_page(
    addresses: Callable[[str], str],  # noqa: F811
    as_owner: Client,
    organization: Organization,
    hostile: Campaign,
) -> None:
    wrong = [
        name for name, (method, _) in PAGES.items() if method == "get" and RUNS.search(said(as_owner, addresses(name)))
    ]
    for name in (
        "campaign",
        "campaign_people",
        "campaign_mail",
        "campaign_preview",
        "campaign_live",
        "campaign_labels",
    ):
        where = reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, "campaign": hostile.public_id})
        wrong += [f"{name}, sent"] if RUNS.search(said(as_owner, where)) else []
    for state in CampaignState:
        with tenant_scope(organization):
            Campaign.objects.filter(pk=hostile.pk).update(state=state)
        where = reverse("campaigns:campaign", kwargs={"org": organization.public_id, "campaign": hostile.public_id})
        wrong += [f"campaign, {state}"] if RUNS.search(said(as_owner, where)) else []
    assert wrong == []


def test_words_are_words_for_everybody_else(client: Client, organization: Organization, hostile: Campaign) -> None:
    with tenant_scope(organization):
        Campaign.objects.filter(pk=hostile.pk).update(state=CampaignState.FINISHED, is_public=True)
        ((_, shared),) = shares.of(hostile)
        delivery = Delivery.objects.filter(mailing=hostile.mailing).first()
    archive = f"/archive/{hostile.brand.public_id}"
    own = f"/v/{marks(delivery).view()}"
    for where in (archive, f"{archive}/{hostile.public_id}", own, "/r/" + shared.rpartition("/")[2]):
        page = said(client, where)
        assert page and not RUNS.search(page), where
    feed = client.get(f"{archive}/feed.atom").content.decode()
    assert "&lt;script&gt;" in feed and not RUNS.search(feed)


def test_nothing_of_others_can_be_chosen(
    as_marketer: Client,
    organization: Organization,
    other_organization: Organization,
    draft: Campaign,
    outsider: User,
) -> None:
    with tenant_scope(other_organization):
        house: dict[str, Any] = {"organization": other_organization}
        brand = Brand.objects.get()
        topic = Topic.objects.create(**house, brand=brand, name="Theirs")
        segment = Segment.objects.create(**house, name="Theirs", definition={"match": "all", "rules": []})
        domain = SendingDomain.objects.create(**house, name="theirs.example", selector="a", private_key=b"x")
        template = designs.create(**house, brand=brand, name="Theirs", mjml=starter("letter").mjml, actor=outsider)
        block = blocks.save(**house, name="Theirs", mjml=SECTION, actor=outsider)
        logo = media.add(**house, name="theirs.png", data=picture(80, 50), actor=outsider).media
        testers.keep(**house, addresses=["theirs@x.example"], actor=outsider)
        tester = Tester.objects.get()

    def post(name: str, data: dict[str, Any], **about: Any) -> int:
        where = reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, **about})
        return int(as_marketer.post(where, data).status_code)

    mine = {"campaign": draft.public_id}
    with tenant_scope(organization):
        before = Campaign.objects.filter(pk=draft.pk).values().get()
        own_brand = Brand.objects.get()
    for name, value in {
        "topic": topic.pk,
        "segment": segment.pk,
        "excluded_segment": segment.pk,
        "domain": domain.pk,
    }.items():
        assert post("campaign_edit", {"name": "x", name: value}, **mine) == 422, name
        assert post("campaign_new", {"name": "x", name: value}) in (200, 302, 422), name
    for name in ("campaign_choose", "design_new"):
        about = mine if name == "campaign_choose" else {}
        assert post(name, {"design": template.public_id}, **about) == 404
    assert post("design_new", {"brand": brand.public_id}) == 404
    assert post("design_bring", {"html": "<p>x</p>", "brand": brand.public_id}) == 404
    kit = {f"colour_{name}": "#000000" for name in ("accent", "on_accent", "link", "ink", "quiet", "sheet", "paper")}
    kit |= {"font_titles": "Georgia", "font_body": "Arial", "logo": logo.pk}
    assert post("brand_kit_of", kit, brand=own_brand.public_id) == 422
    assert post("campaign_test", {"testers": [tester.pk]}, **mine) == 422
    for name in ("block_rename", "block_archive", "block_restore"):
        assert post(name, {"name": "Mine"}, block=block.public_id) == 404
    for name in ("media_item", "media_archive", "media_restore"):
        assert post(name, {"name": "Mine", "alt": "Mine"}, media=logo.public_id) == 404
    with tenant_scope(organization):
        assert Campaign.objects.filter(pk=draft.pk).values().get() == before
        assert not BrandKit.objects.exists() and not Delivery.objects.exists()
        made = Campaign.objects.exclude(pk=draft.pk)
        assert not made.exclude(topic=None, segment=None, excluded_segment=None).exists()
        assert set(made.values_list("domain", flat=True)) <= {draft.domain_id, None}
    with tenant_scope(other_organization):
        assert Block.objects.get().name == Media.objects.get().name.removesuffix(".png").capitalize() == "Theirs"


ODD = ("\x00", "9" * 5000, "\ud800٣-1'\"%_\\" + "x" * 20_000)
ASKED = (
    *("q", "page", "after", "before", "state", "tag", "month", "c", "look", "who", "person", "part", "did", "link"),
    *(
        "variant",
        "version",
        "looks",
        "archived",
        "topic",
        "segment",
        "excluded_segment",
        "only",
        "design",
        "pick",
        "of",
    ),
)


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_questions_are_answered(
    addresses: Callable[[str], str],  # noqa: F811
    as_owner: Client,
    odd: str,
) -> None:
    question = "&".join(f"{name}={quote(odd.encode('utf-8', 'surrogatepass'))}" for name in ASKED)
    for name, (method, _) in PAGES.items():
        if method == "get":
            answer = as_owner.get(f"{addresses(name)}?{question}")
            b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert answer.status_code in (200, 286, 302, 404), (name, answer.status_code)


def test_odd_forms_are_answered(addresses: Callable[[str], str], as_owner: Client) -> None:  # noqa: F811
    names = (
        "name",
        "mjml",
        "version",
        "to",
        "person",
        "testers",
        "tags",
        "notes",
        "design",
        "starter",
        "section",
        "html",
    )
    names += (
        "brand",
        "subject",
        "from_name",
        "reply_to",
        "domain",
        "url",
        "reason",
        "until",
        "start",
        "when",
        "alt",
        "seen",
    )
    names += (
        "answer",
        "note",
        "accepted",
        "forget",
        "files",
        "logo",
        "colour_ink",
        "social_x",
        "utm_source",
        "percent",
    )
    for name in sorted(PAGES, key="campaign_discard".__eq__):
        for odd in ("\x00", "9" * 5000, "a\r\nBcc: x@y.example\u2028\x85\x07{{{% if %}"):
            answer = as_owner.post(addresses(name), dict.fromkeys(names, odd))
            assert answer.status_code in (200, 201, 302, 404, 405, 409, 422), (name, odd[:20], answer.status_code)
            if name in ("campaign_discard",):
                break
