"""The kit's tags: what they say, and that they never let text become markup."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from accounts.templatetags import house

CHECKOUT = Path(__file__).resolve().parents[3]
EVIL = "<b onclick=x>'\"</b>"


def render(text: str, query: str = "", **context: Any) -> str:
    request = RequestFactory().get(f"/here/?{query}")
    request.organization = SimpleNamespace(public_id="kettle", time_zone="Europe/Berlin")
    return Template(text).render(Context({"request": request, **context}))


@pytest.mark.parametrize(
    "text",
    [
        "{% status 'pass' evil %}",
        "{% part_badge 'bounced' evil %}",
        "{% icon 'mail' label=evil %}",
        "{% figure evil evil note=evil %}",
        "{% next_step evil evil evil evil %}",
        "{% empty evil evil evil evil example=evil %}",
        "{% notice 'warn' evil evil url=evil label=evil %}",
        "{% dns_record type=evil host=evil value=evil found=evil fix=evil title=evil %}",
        "{% copy_button evil %}",
        "{% code evil %}",
        "{% job evil evil 1 2 %}",
        "{% search placeholder=evil %}",
        "{% progress 1 2 label=evil %}",
        "{% sparkline numbers label=evil %}",
        "{% audit_details data %}{{ evil|verb }}{{ evil|initials }}",
    ],
)
def test_text_never_becomes_markup(text: str) -> None:
    assert "<b onclick" not in render(text, evil=EVIL, numbers=[1, 2], data={EVIL: [EVIL, EVIL]}, query=f"q={EVIL}")


def test_the_search_keeps_the_query_but_not_the_place() -> None:
    page = render("{% search %}", "q=a%22b&part=retrying&page=3&after=9")
    assert 'value="a&quot;b"' in page
    assert 'name="part" value="retrying"' in page
    assert "after" not in page
    assert 'name="page"' not in page


def test_the_pager_turns_by_number_and_by_key() -> None:
    page = Paginator(range(30), 10).page(2)
    said = render("{% pager page %}", "q=x&page=2", page=page)
    assert "?q=x&amp;page=1" in said
    assert "?q=x&amp;page=3" in said
    assert "11–20 of 30" in said
    keyed = render("{% pager page %}", "q=x&after=5", page={"next": "9", "previous": None})
    assert "?q=x&amp;after=9" in keyed
    assert 'rel="prev"' not in keyed
    assert render("{% pager page %}", page={"next": None, "previous": None}).strip() == ""


def test_the_bar_links_every_part_that_has_people_and_says_what_is_missing() -> None:
    page = render("{% reconciling_bar counts url='/p/?x=1' total=12 %}", counts={"delivered": 9, "retrying": 2})
    assert 'href="/p/?x=1&amp;part=delivered"' in page
    assert 'href="/p/?x=1&amp;part=retrying"' in page
    assert "part=bounced" not in page
    assert "Does not add up" in page
    assert "Does not add up" not in render("{% reconciling_bar counts %}", counts={"delivered": 9})


def test_times_are_the_organizations_and_exact_on_hover() -> None:
    at = datetime(2020, 7, 1, 10, 0, tzinfo=UTC)
    page = render("{% when at %}", at=at)
    assert ">1 Jul 2020, 12:00<" in page
    assert "Europe/Berlin, UTC+02:00" in page
    assert render("{% when at %}{% ago at %}", at=None) == "––"


def test_a_rate_of_too_few_is_a_dash_with_its_denominator() -> None:
    assert render("{% rate 1 3 %}") == '<span class="rate" title="1 of 3; too few to tell">–</span>'
    assert render("{% rate 500 1000 %}") == '<span class="rate" title="500 of 1,000">50.0%</span>'
    assert "–" in render("{% rate 1 0 %}")


@pytest.mark.parametrize(
    ("tags", "url"),
    [
        ("undo:/o/a/restore/", "/o/a/restore/"),
        ("undo://evil.example/", ""),
        ("undo:https://evil.example", ""),
        ("", ""),
    ],
)
def test_undo_posts_to_our_own_addresses_only(tags: str, url: str) -> None:
    assert house.undo_url(SimpleNamespace(extra_tags=tags)) == url


@pytest.mark.parametrize(
    ("chosen", "attribute"),
    [("dark", ' data-bs-theme="dark"'), ("light", ' data-bs-theme="light"'), ('"><x', ""), (None, "")],
)
def test_the_theme_is_one_of_two_or_the_systems(chosen: str | None, attribute: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES = {"theme": chosen} if chosen else {}
    assert house.theme(Context({"request": request})) == attribute


def test_every_icon_that_a_page_names_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (CHECKOUT / "static/icons/sprite.svg").read_text()))
    named: dict[str, str] = {}
    for path in [*(CHECKOUT / "templates").rglob("*.html"), *CHECKOUT.glob("*/templatetags/*.py")]:
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"""\{%\s*icon\s+['"]([\w-]+)['"]""", text) + re.findall(
            r"""\bicon=['"]([\w-]+)['"]""", text
        ):
            named[name] = str(path)
    assert {name: path for name, path in named.items() if name not in drawn} == {}


def test_nothing_in_a_template_is_inline() -> None:
    """The policy refuses it anyway; here it is found before a browser does. Mail is no page."""
    wrong = re.compile(r"<style|\son(?!ly=)\w+=|\sstyle=|<script(?![^>]*\ssrc=)|hx-on|javascript:", re.IGNORECASE)
    found = [
        f"{path.relative_to(CHECKOUT)}: {hit[0]}"
        for path in (CHECKOUT / "templates").rglob("*.html")
        if "email" not in path.parts and "emails" not in path.parts
        for hit in wrong.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
