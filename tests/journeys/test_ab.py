"""A test of two subjects that picks by itself: people click in their mail, and those who waited get the better one."""

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from bench import house as houses
from prove.running import Running
from tests.journeys.pages import Bar, CampaignPage, DomainPage, Door, House, ImportPage, Inbox, TopicPage, labelled

OWNER = "vera.voices@inbox.example"
PASSWORD = "seven quiet tugboats"
DOMAIN = "two-voices.example"
READERS = [f"reader{n:02d}@inbox.example" for n in range(24)]
PLAIN, SINGING = "News about kettles", "Do your kettles sing?"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SOON = 6.0  # seconds after delivery in which a click is not surely a person's

_OF = """
    SELECT d.address FROM sending_delivery d JOIN campaigns_campaign c USING (mailing_id)
    WHERE c.name = 'Two voices' AND d.variant = %s AND d.state = 10 ORDER BY d.address"""
# The clock goes on: the last of each version had it five hours ago.
_LATER = """
    UPDATE campaigns_campaign SET test = jsonb_set(test, '{last}', (
        SELECT jsonb_object_agg(key, to_jsonb((value #>> '{}')::timestamptz - interval '5 hours')) FROM jsonb_each(test -> 'last')))
    WHERE name = 'Two voices'"""


def test_a_test_of_two_subjects_picks_by_itself(
    product: Running, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page(product)
    house = House(page)
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, PASSWORD, "Two Voices")
    house.next_step("Add a domain")
    DomainPage(page).make_ready(DOMAIN)
    house.go("Topics")
    TopicPage(page).make("Kettle news", "Now and then")
    file = tmp_path / "people.csv"
    file.write_text("Email;First name\n" + "".join(f"{address};Pat\n" for address in READERS), "utf-8")
    house.next_step("Import people")
    ImportPage(page).bring(file, topic="Kettle news", new=len(READERS), unusable=0)
    house.next_step("New campaign")
    campaign = CampaignPage(page)
    campaign.start("Two voices", "Kettle news")
    campaign.pick("Newsletter")
    campaign.to_checklist()
    campaign.address(subject=PLAIN, from_name="Two Voices", domain=DOMAIN)

    # Nothing that another kind of test needs is in the way; the checklist says how little so few people can show.
    page.get_by_role("link", name="A/B test").click()
    expect(labelled(page, "Subject of B")).to_be_visible()
    expect(labelled(page, "Subject of C")).to_be_hidden()
    expect(labelled(page, "B leaves later by")).to_be_hidden()
    labelled(page, "Versions").select_option(label="3: A to C")
    expect(labelled(page, "Subject of C")).to_be_visible()
    labelled(page, "Versions").select_option(label="2: A to B")
    labelled(page, "Subject of B").fill(SINGING)
    labelled(page, "People who get one of them, per cent").fill("50")
    page.get_by_role("button", name="Test these versions").click()
    expect(page.get_by_text("With 6 people each, only a difference such as")).to_be_visible()
    campaign.send()

    # Six have each version, the others wait. Everybody who was asked whether their kettles sing clicks.
    def got(variant: int) -> list[str]:
        with product.house.connect() as connection:
            return [str(address) for (address,) in connection.execute(_OF, [variant])]

    houses.wait_until(lambda: len(got(1)) == len(got(2)) == 6, within=90, what="both versions are delivered")
    delivered = time.monotonic()
    assert not got(99)
    reader = open_page(product)
    links = []
    for address in got(2):
        hers = Inbox(reader, address)
        hers.open(SINGING)
        links.append(hers.link("/c/"))
    assert Inbox(reader, got(1)[0]).count(SINGING) == 0
    time.sleep(max(0.0, delivered + SOON - time.monotonic()))
    for link in links:
        answer = reader.context.request.get(link, headers={"User-Agent": BROWSER}, max_redirects=0)
        assert answer.status in (302, 303, 307)
    expect(page.get_by_text("So far: B is better: 100% clicked, against 0% of A.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("12 wait for what becomes of the first ones.")).to_be_visible()

    # Its time is over: the others get B, and the owner is told.
    with product.house.connect() as connection:
        connection.execute(_LATER)
    expect(page.get_by_text("The others get version B")).to_be_visible(timeout=120_000)
    campaign.wait_until_sent()
    Bar(page).check_sum(len(READERS))
    assert len(got(99)) == 12
    last = Inbox(reader, got(99)[-1])
    last.open(SINGING)
    assert last.count(PLAIN) == 0
    inbox.open("Decided: Two voices")
    assert "B is better: 100% clicked" in inbox.words()
