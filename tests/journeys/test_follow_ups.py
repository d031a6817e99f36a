"""After a send: a link leads elsewhere in mail that people have already, and who did not open it gets it once more."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from prove.running import Running
from tests.journeys.pages import (
    Bar,
    CampaignPage,
    DomainPage,
    Door,
    House,
    ImportPage,
    Inbox,
    TopicPage,
    labelled,
    number,
    reload_until,
)

OWNER = "tara.after@inbox.example"
PASSWORD = "seven quiet tugboats"
DOMAIN = "after-books.example"
READER, *QUIET = [f"{name}.after@inbox.example" for name in ("mia", "jon", "kai")]
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
NEW = "https://after-books.example/the-right-story"


def test_a_link_led_elsewhere_and_a_resend(product: Running, open_page: Callable[..., Page], people_csv: Path) -> None:
    page = open_page(product)
    house = House(page)
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, PASSWORD, "After Books")
    house.next_step("Add a domain")
    DomainPage(page).make_ready(DOMAIN)
    house.go("Topics")
    TopicPage(page).make("After news", "Now and then")
    people_csv.write_text("Email;First name\n" + "".join(f"{one};Pat\n" for one in [READER, *QUIET]), "utf-8")
    house.next_step("Import people")
    ImportPage(page).bring(people_csv, topic="After news", new=3, unusable=0)
    house.next_step("New campaign")
    campaign = CampaignPage(page)
    campaign.start("After letter", "After news")
    campaign.pick("Newsletter")
    campaign.to_checklist()
    campaign.address(subject="The first time", from_name="After Books", domain=DOMAIN)
    campaign.send()
    campaign.wait_until_sent()
    assert Bar(page).check_sum(3)["Delivered"] == 3
    report = page.url

    # Mia clicks, and is counted once she does so like a person: not in the second in which it came.
    phone = open_page(product, phone=True)
    hers = Inbox(phone, READER)
    hers.open("The first time")
    click = hers.link("/c/")

    def leads_to() -> str:
        answer = phone.context.request.get(click, headers=FIREFOX, max_redirects=0)
        assert answer.status == 302
        return answer.headers["location"]

    was = leads_to()
    links = page.locator("section", has=page.get_by_role("heading", name="Which links?"))
    row = links.get_by_role("row").filter(has_text=was)

    def she_is_counted() -> bool:
        assert leads_to() == was
        page.reload()
        return number(row.get_by_role("cell").nth(2).inner_text()) == 1

    reload_until(page, she_is_counted, what="one person clicked")

    # The story lies elsewhere: from now on the link in her mail leads there.
    row.get_by_role("link", name="Change where it leads").click()
    labelled(page, "New address").fill("http://192.168.0.1/")
    labelled(page, "Why").fill("The story was moved")
    page.get_by_role("button", name="Change where it leads").click()
    expect(page.get_by_text("is inside of a private network")).to_be_visible()
    labelled(page, "New address").fill(NEW)
    page.get_by_role("button", name="Change where it leads").click()
    expect(page.get_by_text(f"It leads to {NEW} from now on.")).to_be_visible()
    phone.wait_for_timeout(1_000)
    assert leads_to() == NEW
    page.goto(report)
    expect(links.get_by_text(f"was {was}")).to_be_visible()

    # Once more, to the two who did not open it.
    page.get_by_role("link", name="Send again to those who did not open").click()
    known = page.get_by_role("table", name="What do we know?")
    expect(known.get_by_role("row").filter(has_text="No open")).to_contain_text("2")
    expect(known.get_by_role("row").filter(has_text="Delivered")).to_contain_text("3")
    labelled(page, "New subject").fill("In case you missed it")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_text("checks pass").click()
    expect(page.get_by_text("2 people in “After news” who did not open “After letter”.").first).to_be_visible()
    campaign.send()
    campaign.wait_until_sent()
    assert Bar(page).check_sum(2)["Delivered"] == 2
    for address in QUIET:
        Inbox(phone, address).open("In case you missed it")
    assert hers.count("The first time") == 1 and hers.count("In case you missed it") == 0
    page.goto(report)
    expect(page.get_by_role("link", name="Resend of After letter")).to_be_visible()
