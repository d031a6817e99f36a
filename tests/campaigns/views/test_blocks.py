"""Blocks are whole sections that compile; designs take copies, the editor a list."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Brand, Organization, User
from accounts.tenancy import tenant_scope
from campaigns.actions import blocks, designs
from campaigns.designs import sections
from campaigns.designs.findings import DesignError
from campaigns.designs.starters import STARTERS, Starter, starter
from campaigns.models import Block, Design

FOOTER = "<mj-section><mj-column><mj-text>{{ brand.name }} <mj-section> &lt;</mj-text></mj-column></mj-section>"
PLAIN = "<mj-section><mj-column><mj-text>Foot</mj-text></mj-column></mj-section>"


def url(organization: Organization, name: str, **kwargs: Any) -> str:
    return reverse(f"campaigns:{name}", kwargs={"org": organization.public_id, **kwargs})


@pytest.fixture
def design(organization: Organization, brand: Brand, marketer: User) -> Design:
    with tenant_scope(organization):
        return designs.create(
            organization=organization, brand=brand, name="Monthly", mjml=starter("newsletter").mjml, actor=marketer
        )


@pytest.fixture
def footer(organization: Organization, marketer: User) -> Block:
    with tenant_scope(organization):
        return blocks.save(organization=organization, name="Footer", mjml=PLAIN, actor=marketer)


@pytest.mark.parametrize("each", STARTERS, ids=lambda each: each.key)
def test_a_design_is_its_sections(each: Starter) -> None:
    found = sections.split(each.mjml)
    assert len(found) >= 2 and [part.number for part in found] == list(range(1, len(found) + 1))
    assert all(part.mjml in each.mjml and part.mjml.startswith(f"<{part.name}") for part in found)
    assert "Unsubscribe" in found[-1].words


def test_words_that_look_like_tags_are_words() -> None:
    odd = "<mjml><mj-body><!-- <mj-section> -->" + FOOTER + "<mj-section /></mj-body></mjml>"
    assert [part.mjml for part in sections.split(odd)] == [FOOTER, "<mj-section />"]
    for bad in ("<mjml><mj-body></mj-section></mj-body></mjml>", "<mjml><mj-body>" + "<mj-section>" * 200):
        with pytest.raises(DesignError):
            sections.split(bad)


def test_from_a_design_into_the_list(as_marketer: Client, organization: Organization, design: Design) -> None:
    where = url(organization, "block_new", design=design.public_id)
    assert "Unsubscribe" in as_marketer.get(where).content.decode()
    assert as_marketer.post(where, {"name": "Footer"}).status_code == 422
    assert as_marketer.post(where, {"name": "Foot", "section": "3"}, follow=True).status_code == 200
    assert as_marketer.post(where, {"name": "Foot", "section": "3"}).status_code == 422  # the name is taken
    (block,) = as_marketer.get(url(organization, "blocks_json")).json()["blocks"]
    assert block["name"] == "Foot" and block["mjml"].startswith("<mj-section") and "unsubscribe_url" in block["mjml"]
    shown = as_marketer.get(url(organization, "block_preview", block=block["id"]))
    assert "Unsubscribe" in shown.content.decode() and "sandbox" in shown["Content-Security-Policy"]


def test_the_editor_saves_what_is_selected(as_marketer: Client, organization: Organization) -> None:
    where = url(organization, "block_save")
    assert (
        as_marketer.post(where, {"name": "A", "mjml": f"<!-- x -->{PLAIN}\n{PLAIN}"}).json()["mjml"]
        == f"{PLAIN}\n{PLAIN}"
    )
    ours = sections.split(starter("sale").mjml)[1].mjml
    assert "/static/designs/" in ours and as_marketer.post(where, {"name": "Sale", "mjml": ours}).status_code == 201
    for mjml, words in (
        ("", "no section"),
        ("<mj-text>a</mj-text>", "no section"),
        ("<mj-section><mj-include path='/etc/passwd'/></mj-section>", "cannot be included"),
        (PLAIN.replace("Foot", "<script>alert(1)</script>"), "would run"),
        (PLAIN + "x" * 200_000, "kB"),
    ):
        answer = as_marketer.post(where, {"name": "B", "mjml": mjml})
        assert answer.status_code == 422 and words in answer.json()["refused"]
    assert as_marketer.post(where, {"name": " ", "mjml": PLAIN}).status_code == 422


def test_rename_put_away_and_bring_back(as_marketer: Client, organization: Organization, footer: Block) -> None:
    item = {"block": footer.public_id}
    assert (
        "Base"
        in as_marketer.post(url(organization, "block_rename", **item), {"name": "Base"}, follow=True).content.decode()
    )
    assert "is put away" in as_marketer.post(url(organization, "block_archive", **item), follow=True).content.decode()
    assert as_marketer.get(url(organization, "blocks_json")).json() == {"blocks": []}
    assert as_marketer.post(url(organization, "block_save"), {"name": "Base", "mjml": PLAIN}).status_code == 201
    taken = as_marketer.post(url(organization, "block_restore", **item), follow=True).content.decode()
    assert "There is a block called “Base” already" in taken


def test_who_may_do_what(
    as_owner: Client, as_analyst: Client, as_outsider: Client, organization: Organization, footer: Block, design: Design
) -> None:
    item, of = {"block": footer.public_id}, {"design": design.public_id}
    for name, kwargs in (("blocks", {}), ("blocks_json", {}), ("block_preview", item)):
        assert as_analyst.get(url(organization, name, **kwargs)).status_code == 200
        assert as_outsider.get(url(organization, name, **kwargs)).status_code == 404
    assert as_analyst.get(url(organization, "block_new", **of)).status_code == 403
    for name, kwargs in (("block_save", {}), ("block_rename", item), ("block_archive", item), ("block_restore", item)):
        where = url(organization, name, **kwargs)
        assert as_analyst.post(where).status_code == 403 and as_outsider.post(where).status_code == 404
        assert as_owner.post(where).status_code in (302, 422)


LIST_QUERIES = 12


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_a_fixed_number_of_queries(
    rows: int, as_analyst: Client, organization: Organization, marketer: User, django_assert_num_queries: Any
) -> None:
    with tenant_scope(organization):
        for n in range(rows):
            blocks.save(organization=organization, name=f"Number {n}", mjml=PLAIN, actor=marketer)
    as_analyst.get(url(organization, "blocks"))
    with django_assert_num_queries(LIST_QUERIES):
        assert as_analyst.get(url(organization, "blocks")).content.decode().count("<h2>Number") == rows
