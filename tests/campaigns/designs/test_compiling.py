"""What compiling makes: golden files for our own templates, styles inlined, nothing fetched, nothing dangerous left."""

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

from campaigns.designs import kit as kits
from campaigns.designs.compiling import compile_source
from campaigns.designs.findings import DesignError
from campaigns.designs.kit import Kit
from campaigns.designs.starters import STARTERS, Starter, starter
from posthouse.up.places import CHECKOUT
from sending.merging import compile_plan, known_names, merge, merge_values

GOLDEN = Path(__file__).parent / "golden"
KIT = Kit(name="Copper Kettle", social=(("website", "https://kettle.example"), ("instagram", "https://i.example")))


def design(inside: str, head: str = "") -> str:
    return f"<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"


@pytest.mark.parametrize("each", STARTERS, ids=lambda each: each.key)
def test_our_templates_are_what_they_were(each: Starter) -> None:
    """UPDATE_GOLDEN=1 writes them anew; look at the difference before you commit it."""
    compiled = compile_source(kits.dress(each.mjml, KIT, base="https://links.example"), known=known_names())
    assert compiled.warnings == ()
    for suffix, made in (("html", compiled.html), ("txt", compiled.text)):
        path = GOLDEN / f"{each.key}.{suffix}"
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(made)
        assert made == path.read_text(), f"{path.name} differs"


@pytest.mark.parametrize("each", STARTERS, ids=lambda each: each.key)
def test_our_templates_are_good_enough_to_send(each: Starter) -> None:
    compiled = compile_source(kits.dress(each.mjml, KIT, base="https://links.example"), known=known_names())
    plan = compile_plan("s", compiled.html, compiled.text, known=known_names())
    assert plan.unguarded_fields == frozenset()
    assert {"unsubscribe_url", "preferences_url", "brand.postal_address"} <= plan.names
    assert "prefers-color-scheme:dark" in compiled.html.replace(": ", ":") and 'name="color-scheme"' in compiled.html
    assert compiled.size < 40_000
    assert (
        "http://" not in compiled.html.replace("http://www.w3.org/1999/xhtml", "") and "googleapis" not in compiled.html
    )
    merged = merge(
        plan,
        merge_values(
            contact={"first_name": "Zoë"},
            organization_name="O",
            brand_name="Copper Kettle",
            postal_address="1 Road, Town",
            unsubscribe_url="https://l.example/u/t",
            preferences_url="https://l.example/p/t",
        ),
    )
    assert "Zoë" in merged.html and "Zoë" in merged.text
    assert "1 Road, Town" in merged.text and "<https://l.example/u/t>" in merged.text
    assert "{{" not in merged.html and "{{" not in merged.text


@pytest.mark.parametrize("each", STARTERS, ids=lambda each: each.key)
def test_our_templates_can_be_read_by_everybody(each: Starter) -> None:
    """Language, one title of the first order and none skipped, words for pictures, tables that say what they are."""
    html = compile_source(kits.dress(each.mjml, KIT, base="https://links.example")).html
    assert '<html lang="en"' in html and "<title>" in html
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", html)]
    if each.key != "letter":
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    for picture in re.findall(r"<img\b[^>]*", html):
        assert "alt=" in picture and 'src="https://links.example/static/designs/' in picture
    drawn = set(re.findall(r"/static/designs/([a-z/-]+\.png)", html))
    assert all((CHECKOUT / "static" / "designs" / name).stat().st_size < 30_000 for name in drawn)
    layout = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    tables = re.findall(r"<table\b[^>]*>", layout)
    assert sum('role="presentation"' not in table for table in tables) == (each.key in {"event", "receipt"})


def test_an_unknown_starter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        starter("nope")


def test_styles_are_inlined_and_media_queries_kept() -> None:
    compiled = compile_source(
        design(
            '<mj-text css-class="loud">a</mj-text>',
            "<mj-style>.loud { letter-spacing: 3px; } @media (max-width: 9px) { .loud { top: 0 } }</mj-style>",
        )
    )
    assert "letter-spacing: 3px" in compiled.html.split("<body")[1]
    assert "@media (max-width: 9px)" in compiled.html


def test_nothing_is_fetched_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.css"
    secret.write_text("p { color: #123456 }")
    for reference in (secret.as_uri(), str(secret), "https://a.example/x.css"):
        with pytest.raises(DesignError):
            compile_source(design(f'<mj-raw><link rel="stylesheet" href="{reference}"></mj-raw>'))
        with pytest.raises(DesignError):
            compile_source(design("<mj-text>a</mj-text>", f'<mj-style>@import url("{reference}");</mj-style>'))


def test_the_preview_text_replaces_the_designs_own_and_is_escaped() -> None:
    source = design("<mj-text>a</mj-text>", "<mj-preview>own</mj-preview>")
    assert "own" in compile_source(source).html
    compiled = compile_source(source, preheader='5 < 6 {{ contact.first_name | default: "you" }}')
    assert "own" not in compiled.html and "5 &lt; 6" in compiled.html
    assert compiled.text == "a\n"
    plan = compile_plan("", compiled.html, compiled.text)
    assert "5 &lt; 6 you" in merge(plan, {}).html


def test_people_type_html_that_is_not_well_formed() -> None:
    compiled = compile_source(
        design(
            '<mj-text><p>one<p>two <b>bold<br>5 < 6 & more &nbsp;{{ contact.x | default: "a > b" }}<ul><li>a<li>b</ul></mj-text>'
        )
    )
    assert "5 &lt; 6 &amp; more" in compiled.html
    assert "{{ contact.x | default:" in compiled.html
    assert "- a\n- b" in compiled.text


def test_links_are_listed_once_with_their_words() -> None:
    compiled = compile_source(
        design(
            '<mj-text><a href="https://a.example/?x=1&amp;y=2">First <b>one</b></a> <a href="https://a.example/?x=1&y=2">again</a>'
            '<a href=""></a></mj-text><mj-image src="https://a.example/p.png" alt="Picture" href="https://b.example" />'
            '<mj-button href="#">Empty</mj-button>'
        )
    )
    assert [(link.address, link.words) for link in compiled.links] == [
        ("https://a.example/?x=1&y=2", "First one"),
        ("", ""),
        ("https://b.example", "Picture"),
        ("#", "Empty"),
    ]
