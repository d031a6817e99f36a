"""From sign-up to a report that adds up, on the running product: what a newcomer does in the first hour."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from prove.running import Running
from tests.journeys.pages import Bar, CampaignPage, DomainPage, Door, House, ImportPage, Inbox, TopicPage, labelled

OWNER = "nora.harbour@inbox.example"
PASSWORD = "seven quiet tugboats"
DOMAIN = "harbour-books.example"
PEOPLE = [f"{name}@plainfield.example" for name in ("ada", "ben", "cleo", "dan", "eve", "finn", "gus", "hana")]
READER = "mia@inbox.example"  # her mail is kept in the sandbox inbox
UNKNOWN = "unknown.otto@plainfield.example"  # nobody lives there
SUBJECT = "Autumn at the harbour"


def test_from_sign_up_to_report(product: Running, open_page: Callable[..., Page], people_csv: Path) -> None:
    page = open_page(product)
    house = House(page)

    # An account, confirmed by the mail in the inbox, and an organization.
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, PASSWORD, "Harbour Books")
    expect(page.get_by_role("heading", name="Harbour Books")).to_be_visible()

    # The next step leads to a domain; its records are published in the sandbox's DNS.
    house.next_step("Add a domain")
    DomainPage(page).make_ready(DOMAIN)

    # People are subscribed to something: a topic. The next step leads to the people.
    house.go("Topics")
    TopicPage(page).make("Harbour news", "New books and the tides, once a month")
    people_csv.write_text(
        "Email;First name;City\n"
        + "".join(f"{address};{address.split('@')[0].title()};Zürich\n" for address in [*PEOPLE, READER, UNKNOWN])
        + "not an address;;\n",
        "utf-8-sig",
    )
    house.next_step("Import people")
    ImportPage(page).bring(people_csv, topic="Harbour news", new=len(PEOPLE) + 2, unusable=1)

    # The next step leads to a campaign.
    house.next_step("New campaign")
    campaign = CampaignPage(page)
    campaign.start("Autumn letter", "Harbour news")
    campaign.pick("Newsletter")
    assert "Harbour Books" in campaign.preview()
    campaign.to_checklist()
    campaign.address(subject=SUBJECT, from_name="Harbour Books", domain=DOMAIN)

    # A test lands in the inbox and is counted nowhere.
    campaign.send_test(OWNER)
    inbox.open(f"[Test] {SUBJECT}")
    assert "Harbour Books" in inbox.words()

    # Send, watch the bar move by itself, and see it add up.
    campaign.send()
    campaign.wait_until_sent()
    parts = Bar(page).check_sum(len(PEOPLE) + 2)
    assert parts == {
        "Delivered": len(PEOPLE) + 1,
        "On its way": 0,
        "Retrying": 0,
        "Bounced": 1,
        "Skipped": 0,
        "Needs you": 0,
    }
    report = page.url

    # Why did Otto not get it?
    house.go("Messages")
    labelled(page, "Address or name").fill("unknown.otto")
    labelled(page, "Address or name").press("Enter")
    page.get_by_role("link", name=re.compile("Autumn|unknown.otto")).first.click()
    expect(page.get_by_text("5.1.1", exact=False).first).to_be_visible()
    house.go("Do-not-send list")
    expect(page.get_by_role("cell", name=UNKNOWN, exact=True)).to_be_visible()

    # The recipient: opens it, leaves by the page, comes back, chooses.
    phone = open_page(product, phone=True)
    hers = Inbox(phone, READER)
    hers.open(SUBJECT)
    leave = hers.link("/u/")
    phone.goto(leave)
    expect(phone.get_by_role("heading", name="Unsubscribe from “Harbour news”?")).to_be_visible()
    assert standing(page, house, READER) == "Subscribed", "looking changes nothing"
    phone.get_by_role("button", name="Unsubscribe from “Harbour news”").click()
    expect(phone.get_by_role("heading", name="Done. No more “Harbour news”")).to_be_visible()
    assert standing(page, house, READER) == "Unsubscribed"
    phone.get_by_role("button", name="Undo").click()
    expect(phone.get_by_role("heading", name="You get “Harbour news” again")).to_be_visible()
    assert standing(page, house, READER) == "Subscribed"
    phone.get_by_role("link", name="Choose what you get").click()
    phone.get_by_label("Harbour news").uncheck()
    phone.get_by_role("button", name="Save", exact=True).click()
    expect(phone.get_by_text("Saved.")).to_be_visible()
    assert standing(page, house, READER) == "Unsubscribed"
    phone.get_by_label("Harbour news").check()
    phone.get_by_role("button", name="Save", exact=True).click()
    assert standing(page, house, READER) == "Subscribed"

    # One press in the mail program: a POST without cookies.
    hers.open(SUBJECT)
    header = re.search(r"^List-Unsubscribe: <([^>]+)>", hers.source(), re.MULTILINE)
    assert header
    answer = phone.context.request.post(header[1], form={"List-Unsubscribe": "One-Click"}, max_redirects=0)
    assert answer.ok
    assert standing(page, house, READER) == "Unsubscribed"

    # It counts, and the bar still adds up.
    page.goto(report)
    Bar(page).check_sum(len(PEOPLE) + 2)
    unsubscribed = page.locator(".figure").filter(has_text="Unsubscribed")
    expect(unsubscribed).to_contain_text("1")


def standing(page: Page, house: House, address: str) -> str:
    """How the person stands to the topic, by "why did X not get it?"."""
    page.goto(f"{house.prefix}messages/?q={address}")
    said = page.get_by_text(re.compile(r"Harbour news: ")).first.inner_text()
    return said.split(":")[1].split()[0]
