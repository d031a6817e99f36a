"""The first minutes after `make run`: in by a card, a send in motion, the plug pulled, and nobody lost."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from prove.running import Running
from tests.journeys.pages import Bar, House, number

AUDIENCE = 20_000
TAKEN_OVER_WITHIN = 60_000  # milliseconds: the lease, the sweep, and a relay that starts


def test_the_plug_is_pulled_and_everybody_is_accounted_for(demo: Running, open_page: Callable[..., Page]) -> None:
    page = open_page(demo)
    page.goto("/")
    page.get_by_role("button", name=re.compile("^Marketer")).click()
    expect(page.get_by_text("Mail is on its way.")).to_be_visible()
    Bar(page).check_sum(AUDIENCE)

    page.get_by_role("button", name="Pull the plug").first.click()
    expect(page.get_by_role("heading", name="What happens when the relay dies?")).to_be_visible()
    settled = page.get_by_text("Everything that the dead relay held was given back or is named below.")
    expect(settled).to_be_visible(timeout=TAKEN_OVER_WITHIN)
    for name in ("Lost", "Sent twice", "Forgotten"):
        figure = page.locator(".figure").filter(has=page.locator(".figure-label", has_text=re.compile(f"^{name}$")))
        assert number(figure.locator(".figure-text").inner_text()) == 0, name
    Bar(page).check_sum(AUDIENCE)

    # It goes on by itself.
    House(page).go("Home")
    before = Bar(page).check_sum(AUDIENCE)["Delivered"]
    page.wait_for_timeout(6_000)
    page.reload()
    assert Bar(page).check_sum(AUDIENCE)["Delivered"] > before
