"""A marketer builds a segment by keyboard and mouse, sees why it was empty, goes back, and leaves it out of a campaign."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from campaigns.models import Campaign
from contacts.models import Segment
from tests.browser import PHONE
from tests.face.segments import with_everything
from tests.face.test_pages import log_in

pytestmark = pytest.mark.django_db(transaction=True)


def choose(page: Page, condition: str, control: str, words: str) -> None:
    """Type into a searchable list, and take the first that is found, without a mouse."""
    box = page.get_by_role("group", name=condition, exact=True).get_by_role("combobox", name=control, exact=True)
    box.focus()
    box.press_sequentially(words)
    expect(page.get_by_role("listbox", name=control).get_by_role("option").first).to_be_visible()
    box.press("Enter")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_from_nobody_to_an_audience(live_server: Any, context: Any, organization: Organization, marketer: Any) -> None:
    with tenant_scope(organization):
        with_everything(organization)
    log_in(context, live_server.url, marketer)
    complaints: list[str] = []
    page: Page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/o/{organization.public_id}/segments/new/")
    aside = page.get_by_role("region", name="Who fits")
    expect(aside).to_contain_text("everybody")

    # A condition; the keyboard stands in it at once, and the count follows.
    page.get_by_label("Name", exact=True).fill("Readers")
    page.get_by_role("button", name="Condition", exact=True).click()
    expect(page.get_by_role("combobox", name="About")).to_be_focused()
    choose(page, "Condition 1", "About", "city")
    first = page.get_by_role("group", name="Condition 1", exact=True)
    first.get_by_label("Value").fill("Atlantis")
    expect(aside.get_by_text("This condition alone leaves 0")).to_be_visible()
    first.get_by_label("Value").fill("Köln")
    expect(aside.locator(".figure-text")).to_have_text("60")

    # A group beside it, of who opened lately or carries a tag.
    page.get_by_role("button", name="Group", exact=True).click()
    choose(page, "Condition 2.1", "About", "opened")
    opened = page.get_by_role("group", name="Condition 2.1", exact=True)
    opened.get_by_label("When").select_option("within")
    opened.get_by_label("Days").fill("60")
    page.get_by_role("button", name="Condition in group 2").click()
    choose(page, "Condition 2.2", "About", "tag")
    page.get_by_role("group", name="Condition 2.2", exact=True).get_by_label("VIP").check()
    expect(aside).to_contain_text(
        "people whose City is “Köln” and (who opened a campaign within the last 60 days or who carry the tag “VIP”)"
    )
    aside.get_by_role("button", name="Count each condition").click()
    table = aside.get_by_role("table", name="Each condition alone")
    expect(table.get_by_role("row").filter(has_text="tag “VIP”").last).to_contain_text("20")

    # Moved out of the group by the keyboard alone, the rule says another thing.
    up = page.get_by_role("button", name="Move condition 2.1 up")
    up.focus()
    up.press("Enter")
    expect(page.get_by_role("button", name="Move condition 2 up")).to_be_focused()
    expect(aside).to_contain_text("and who opened a campaign within the last 60 days and who carry the tag “VIP”")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Readers is saved.")).to_be_visible()

    # Changed, and back to what it was.
    page.get_by_role("button", name="Remove group 3").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Version 2").click()
    expect(page.get_by_text("Removed: people who carry the tag “VIP”.")).to_be_visible()
    page.get_by_role("button", name="Go back to version 1").click()
    expect(page.get_by_text("Readers asks again what version 1 asked.")).to_be_visible()

    # Left out of a campaign.
    page.goto(f"{live_server.url}/o/{organization.public_id}/campaigns/new/")
    page.get_by_label("Name", exact=True).fill("To the others")
    page.get_by_label(re.compile("^Topic")).select_option(index=1)
    page.get_by_label(re.compile("^Without")).select_option(label="Readers")
    expect(page.get_by_role("status").filter(has_text="without people whose City is “Köln”")).to_be_visible()
    page.get_by_role("button", name="Go on to the content").click()
    expect(page.get_by_role("heading", name="New campaign")).to_be_hidden()
    with tenant_scope(organization):
        campaign, segment = Campaign.objects.get(), Segment.objects.get(name="Readers")
        assert campaign.excluded_segment_id == segment.pk
        assert segment.version == 3
    assert complaints == []


def test_on_a_phone_nothing_is_out_of_reach(
    live_server: Any, context: Any, organization: Organization, marketer: Any
) -> None:
    with tenant_scope(organization):
        segment = with_everything(organization)["segment"]
    log_in(context, live_server.url, marketer)
    page: Page = context.new_page()
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/o/{organization.public_id}/segments/{segment}/")
    page.get_by_role("button", name="Group", exact=True).click()
    choose(page, "Condition 6.1", "About", "language")
    page.get_by_role("group", name="Condition 6.1", exact=True).get_by_label("Value").fill("de")
    expect(page.get_by_role("region", name="Who fits")).to_contain_text("whose Language is “de”")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], "nobody scrolls sideways"


def test_without_javascript_it_is_built_all_the_same(
    live_server: Any, browser: Any, organization: Organization, marketer: Any
) -> None:
    with tenant_scope(organization):
        with_everything(organization)
    context = browser.new_context(java_script_enabled=False)
    try:
        log_in(context, live_server.url, marketer)
        page = context.new_page()
        page.goto(f"{live_server.url}/o/{organization.public_id}/segments/new/")
        page.get_by_label("Name", exact=True).fill("Plain")
        page.get_by_role("button", name="Condition", exact=True).click()
        page.get_by_label("About").select_option(label="City")
        page.get_by_role("button", name="Show").click()
        page.get_by_label("Value").fill("Köln")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Plain is saved.")).to_be_visible()
    finally:
        context.close()
