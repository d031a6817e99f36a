"""From an empty mail to a report that adds up, built in the visual editor: words, a picture, a button; sent and delivered."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from posthouse.up.places import CHECKOUT
from prove.running import Running
from tests.journeys.pages import Bar, CampaignPage, DomainPage, Door, House, ImportPage, Inbox, TopicPage, VisualEditor

OWNER = "vera.canvas@inbox.example"
PASSWORD = "seven quiet tugboats"
DOMAIN = "canvas-teas.example"
READER = "mia@inbox.example"  # her mail is kept in the sandbox inbox
PEOPLE = [f"{name}@plainfield.example" for name in ("ada", "ben", "cleo", "dan")]
SUBJECT = "First tea of the year"


def test_from_an_empty_mail_to_delivered(product: Running, open_page: Callable[..., Page], people_csv: Path) -> None:
    page = open_page(product)
    house = House(page)
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, PASSWORD, "Canvas Teas")
    house.next_step("Add a domain")
    DomainPage(page).make_ready(DOMAIN)
    house.go("Topics")
    TopicPage(page).make("Tea news", "New teas, now and then")
    people_csv.write_text("Email;First name\n" + "".join(f"{each};{each[:3].title()}\n" for each in [*PEOPLE, READER]))
    house.next_step("Import people")
    ImportPage(page).bring(people_csv, topic="Tea news", new=len(PEOPLE) + 1, unusable=0)
    house.next_step("New campaign")
    campaign = CampaignPage(page)
    campaign.start("Tea letter", "Tea news")
    campaign.pick("An empty mail")

    # Words over words, and a merge field where the caret is.
    editor = VisualEditor(page)
    editor.open()
    editor.write("The first tea is here", over="Hello")
    page.get_by_label("Insert a merge field").select_option("contact.first_name")
    expect(editor.canvas.get_by_text(re.compile(r"The first tea is here.*contact\.first_name"))).to_be_visible()
    # A heading, a picture that is uploaded and described, a button that leads somewhere.
    editor.put("Heading")
    editor.write("Picked in the rain", over="A heading")
    editor.put("Picture")
    editor.upload_picture(CHECKOUT / "static" / "designs" / "product-cup.png", alt="A red mug with a cream stripe")
    expect(editor.canvas.get_by_role("img", name="A red mug with a cream stripe")).to_be_visible()
    editor.put("Button")
    editor.set("Leads to", "https://example.com/tea")
    editor.write("Taste it", over="Read more")
    editor.wait_until_saved()
    source = editor.source
    assert re.search(r'<mj-image [^>]*src="/media/[^"]+" alt="A red mug with a cream stripe"', source)
    assert '<mj-button mj-class="kit-button" href="https://example.com/tea">Taste it</mj-button>' in source
    assert "Picked in the rain" in campaign.preview()

    campaign.to_checklist()
    campaign.address(subject=SUBJECT, from_name="Canvas Teas", domain=DOMAIN)
    campaign.send()
    campaign.wait_until_sent()
    assert Bar(page).check_sum(len(PEOPLE) + 1)["Delivered"] == len(PEOPLE) + 1

    inbox.address = READER
    inbox.open(SUBJECT)
    words = inbox.words()
    assert "The first tea is here" in words and "Mia" in words and "Taste it" in words
