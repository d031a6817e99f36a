"""From a form to a subscriber on the running product: a member makes the form, a visitor without JavaScript signs up."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from prove.running import Running
from tests.browser import PHONE
from tests.journeys.pages import Door, House, Inbox, TopicPage, labelled, reload_until

OWNER = "olaf.tea@inbox.example"
PASSWORD = "nine patient teapots"
VISITOR = "vera@inbox.example"


def test_from_a_form_to_a_subscriber(product: Running, open_page: Callable[..., Page], browser: Browser) -> None:
    page = open_page(product)
    house = House(page)
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, PASSWORD, "Quiet Teapots")

    # A form for a topic that is confirmed by mail; the preview follows.
    house.go("Topics")
    TopicPage(page).make("Tea letter", "One letter a month")
    house.go("Sign-up forms")
    page.get_by_role("link", name=re.compile("Make a form|New form")).first.click()
    labelled(page, "Name").fill("Shop window")
    page.get_by_label("Tea letter").check()
    labelled(page, "Title").fill("Tea by post")
    expect(page.frame_locator("iframe").get_by_role("heading", name="Tea by post")).to_be_visible()
    page.get_by_role("button", name="Make the form").click()
    expect(page.get_by_role("heading", name="Shop window")).to_be_visible()
    form = page.url
    link = page.get_by_role("region", name="Link of the form").inner_text().strip()
    assert f":{product.house.port + 1}/f/" in link

    # A visitor, on a phone, in German, without JavaScript.
    plain = browser.new_context(viewport=PHONE, locale="de-DE", java_script_enabled=False)
    phone = plain.new_page()
    phone.goto(link)
    expect(phone.get_by_role("heading", name="Tea by post")).to_be_visible()
    phone.get_by_label("E-Mail-Adresse").fill(VISITOR)
    phone.wait_for_timeout(2_500)  # a robot would be quicker
    phone.get_by_role("button", name="Anmelden").click()
    expect(phone.get_by_role("heading", name="Ein Schritt fehlt noch")).to_be_visible()

    # The mail comes from the house, as the organization has no domain yet. Looking changes nothing; the button does.
    hers = Inbox(open_page(product), VISITOR)
    hers.open("Bitte bestätigen: „Tea letter“ von Quiet Teapots")
    confirm = hers.link("/s/")
    assert f":{product.house.port + 1}/s/" in confirm
    assert "DKIM-Signature" in hers.source()
    for _ in range(2):
        phone.goto(confirm)
        expect(phone.get_by_role("heading", name=re.compile("Möchten Sie"))).to_be_visible()
    assert figure(page, form, "Subscribed") == 0
    phone.get_by_role("button", name="Ja, das möchte ich").click()
    expect(phone.get_by_role("heading", name="Sie sind angemeldet")).to_be_visible()
    reload_until(page, lambda: figure(page, form, "Subscribed") == 1, what="the form counts its subscriber")
    assert figure(page, form, "Asked to confirm") == 0

    # The receipt says what was agreed, and leads to the preferences.
    hers.open("Sie sind angemeldet: „Tea letter“ von Quiet Teapots")
    phone.goto(hers.link("/p/"))
    expect(phone.get_by_label(re.compile("Tea letter"))).to_be_checked()
    plain.close()


def figure(page: Page, form: str, label: str) -> int:
    page.goto(form)
    return int(re.sub(r"\D", "", page.locator(".figure").filter(has_text=label).first.inner_text().split("\n")[1]))
