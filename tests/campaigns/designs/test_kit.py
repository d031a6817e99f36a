"""The kit dresses every design: its colours, fonts, logo and links go in at compile, and lines stay where they were."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.designs import kit as kits
from campaigns.designs.compiling import compile_source
from campaigns.designs.kit import CLASSES, COLOURS, Kit, Logo, dress, pairs
from campaigns.designs.starters import STARTERS, Starter, starter

BASE = "https://links.example"
ODD = Kit(
    name='Kettle & "Sons" <b>',
    colours={"accent": "#7a1fa2", "sheet": "#fffdf5", "ink": "#222233", "link": "#AA0000"},
    fonts={"body": "Verdana", "titles": "Palatino"},
    logo=Logo("/media/org/abc.png", 600, 200),
    social=(("instagram", "https://i.example/?a=1&b=2"), ("nonsense", "https://n.example")),
)


@pytest.mark.parametrize("each", STARTERS, ids=lambda each: each.key)
def test_every_starter_wears_it(each: Starter) -> None:
    compiled = compile_source(dress(each.mjml, ODD, base=BASE))
    assert compiled.warnings == ()
    body = compiled.html.split("</head>")[1]
    assert "#AA0000" in compiled.html and "Verdana" in body
    if each.key not in {"dark"}:
        assert "#FFFDF5" in body and COLOURS["accent"] not in compiled.html
    if "kit-logo" in each.mjml:
        assert f'src="{BASE}/media/org/abc.png"' in body and 'alt="Kettle &amp; &quot;Sons&quot; <b>"' in body
        assert 'width="200"' in body
    if "kit-social" in each.mjml:
        assert "https://i.example/?a=1&amp;b=2" in body and "n.example" not in body
    assert 'src="/' not in compiled.html


def test_without_a_logo_the_name_stands_there_and_without_links_nothing() -> None:
    compiled = compile_source(dress(starter("newsletter").mjml, Kit(name="Copper & Co"), base=BASE))
    assert "Copper &amp; Co" in compiled.html and "social/" not in compiled.html
    assert "cup.png" in compiled.html  # the story's own, not the stand-in of the logo


def test_lines_stay_where_they_were() -> None:
    source = starter("event").mjml.replace('<mj-image mj-class="kit-logo"', '<mj-image\n mj-class="kit-logo"\n')
    assert dress(source, ODD, base=BASE).count("\n") == source.count("\n")
    bare = "<mjml>\n<mj-body mj-class='kit-page'>\n</mj-body>\n</mjml>"
    dressed = dress(bare, ODD, base=BASE)
    assert dressed.count("\n") == bare.count("\n") and dressed.index("</mj-head>") < dressed.index("<mj-body")


def test_a_kit_that_an_export_brought_along_gives_way() -> None:
    once = dress(starter("sale").mjml, ODD, base=BASE)
    again = dress(once.replace(BASE, ""), Kit(colours={"accent": "#004400"}), base=BASE)
    assert again.count('name="kit-button"') == 1 and "#7A1FA2" not in re.sub(r"<mj-style>.*?</mj-style>", "", again)


def test_what_does_not_ask_for_the_kit_is_left_alone() -> None:
    plain = (
        "<mjml><mj-body><mj-section><mj-column>"
        '<mj-image src="https://a.example/x.png" alt="" />'
        "</mj-column></mj-section></mj-body></mjml>"
    )
    assert dress(plain, ODD, base=BASE) == plain
    assert dress(plain.replace("https://a.example", "//evil.example"), ODD, base=BASE).count(BASE) == 0


def test_every_class_is_defined_and_documented() -> None:
    defined = set(re.findall(r'<mj-class name="([^"]+)"', kits.head(Kit())))
    assert defined == set(CLASSES)
    used = {
        word for each in STARTERS for found in re.findall(r'mj-class="([^"]+)"', each.mjml) for word in found.split()
    }
    assert used <= defined


def test_contrast_is_measured_and_a_better_colour_found() -> None:
    assert all(pair.enough for pair in pairs(Kit()))
    worst = next(pair for pair in pairs(Kit(colours={"accent": "#F5E663"})) if pair.name == "on_accent")
    assert not worst.enough and kits.contrast(worst.better, worst.ground) >= 4.5


@given(st.integers(0, 0xFFFFFF))
def test_whatever_the_brands_colour_its_first_kit_can_be_read(number: int) -> None:
    colours = kits.of_brand(f"#{number:06X}")
    found = {pair.words: pair for pair in pairs(Kit(colours=colours))}
    assert found["Words on buttons"].enough and found["Links on the sheet"].enough


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<mj-social",
                " mj-class='kit-social'",
                '"',
                ">",
                "/>",
                "</mj-social>",
                "<mj-image",
                ' mj-class="kit-logo"',
                "<mj-head>",
                *["<mj-head/>", "<mjml>", "\n", "kit-", '<mj-class name="kit-page"', "src='/x'", "é{{"],
            ]
        ),
        max_size=30,
    )
)
def test_no_source_breaks_it(pieces: list[str]) -> None:
    source = "".join(pieces)
    assert dress(source, ODD, base=BASE).count("\n") == source.count("\n")


def test_hostile_sources_take_no_time() -> None:
    for piece in (
        "<mj-social mj-class='kit-social'>",
        '<mj-image mj-class="kit-logo"',
        "<mj-class ",
        " src='/",
        "<mj-social a='",
    ):
        dress("kit-" + piece * (500_000 // len(piece)), ODD, base=BASE)


def test_a_number_that_no_character_has_does_not_stop_the_dressing() -> None:
    number = f"&#{'1' * 5000};"
    picture = f'<mj-image mj-class="kit-logo" alt="{number}" />'
    assert "{{ brand.name }}" in dress(f"<mjml><mj-body>{picture}</mj-body></mjml>", Kit(), base="https://m.example")
