"""Another service's export on the running product: dropped, reviewed, applied in the background, and taken back."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from prove.running import Running
from tests.journeys.pages import Door, House, Inbox, TopicPage, labelled, number

OWNER = "ines.kettle@inbox.example"
PASSWORD = "six copper kettles"
HEAD = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,EUID"
STAYS = "zoe@plainfield.example"  # was there before


def archive(path: Path) -> Path:
    here = [
        f"reader{n}@plainfield.example,Ann {n},2,2021-03-04 09:30:00,192.0.2.1,2021-03-04 09:41:00,192.0.2.1,{n},e{n}"
        for n in range(20)
    ]
    here += [f"{STAYS},Zoë,2,,,,,98,e98", "mia@gmial.com,Mia,2,,,,,99,e99", "not an address,,2,,,,,97,e97"]
    left = ["gone@plainfield.example,Gus,1,,,,,100,g1,2024-05-06 10:00:00"]
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("subscribed_members_export_1.csv", "\n".join([HEAD, *here]) + "\n")
        zipped.writestr("unsubscribed_members_export_1.csv", "\n".join([f"{HEAD},UNSUB_TIME", *left]) + "\n")
    return path


def of(page: Page, table: str, line: str) -> int:
    row = page.get_by_role("table", name=table, exact=True).get_by_role("row").filter(has_text=line).first
    return number(row.locator("td").inner_text())


def test_an_import_is_reviewed_applied_and_taken_back(
    product: Running, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page(product)
    house = House(page)
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, PASSWORD, "Ines and Kettles")
    house.go("Topics")
    TopicPage(page).make("Kettle letter", "One letter a month")

    # Somebody is there before: pasted, and kept without a topic.
    house.go("Imports")
    page.get_by_role("link", name="Import people").first.click()
    labelled(page, "Or paste rows").fill(f"email,first name\n{STAYS},Zoe\n")
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("button", name="Import 1 person").click(timeout=30_000)
    expect(page.get_by_role("heading", name="The list is in")).to_be_visible(timeout=30_000)

    # The archive is opened by the worker and known for what it is.
    house.go("Imports")
    page.get_by_role("link", name="Import people").first.click()
    labelled(page, "File").set_input_files(archive(tmp_path / "audience.zip"))
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="What do the columns mean?")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("This looks like Mailchimp’s export: 2 files")).to_be_visible()
    labelled(page, "Kettle letter").check()
    labelled(page, "Why may you write to them?").select_option(index=1)
    labelled(page, "Where did they agree?").fill("The form of the old newsletter")
    labelled(page, "What words did they see?").fill("Write to me about kettles.")
    labelled(page, "When?").fill("2026-10-31")
    labelled(page, "Tags for everybody in it").fill("From Mailchimp")
    page.get_by_role("button", name="Read the file").click()

    # The plan says everything, and has changed nobody.
    expect(page.get_by_role("heading", name="This is what would happen")).to_be_visible(timeout=30_000)
    assert of(page, "The plan", "New people") == 22
    assert of(page, "The plan", "Known, with something new") == 1
    assert of(page, "The plan", "Cannot be used") == 1
    assert of(page, "Who is not subscribed", "Unsubscribed") == 1
    assert of(page, "Proof of consent", "With the time they agreed") == 20
    assert of(page, "Worth a look", "Likely typing mistakes") == 1
    page.get_by_role("link", name="Known, with something new about them").click()
    expect(page.get_by_role("row").filter(has_text=STAYS)).to_contain_text("Zoë")
    page.go_back()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download")).click()
    bad = download.value.path().read_text("utf-8-sig").splitlines()
    assert bad[1].startswith("subscribed_members_export_1.csv,24,There is no @")

    # Applied in the background.
    page.get_by_role("button", name="Import 23 people").click()
    expect(page.get_by_role("heading", name="The list is in")).to_be_visible(timeout=30_000)
    assert of(page, "What was done", "New subscriptions") == 22
    assert of(page, "What was done", "do-not-send list") == 1
    over = page.url

    # One of them is edited since; then all of it is taken back but that.
    house.go("People")
    page.get_by_role("link", name=re.compile("reader7@|Ann 7")).first.click()
    page.get_by_role("link", name="Edit").click()
    labelled(page, "First name").fill("Anna")
    page.get_by_role("button", name="Save").click()
    page.goto(over)
    page.get_by_role("link", name="Take this import back").click()
    assert of(page, "What would happen", "People removed") == 21
    assert of(page, "What would happen", "People archived") == 1
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="This import was taken back")).to_be_visible(timeout=30_000)
    assert of(page, "What was taken back", "People removed") == 21
    assert of(page, "What was taken back", "People archived") == 1
    assert of(page, "What was taken back", "People whose fields returned") == 1
    house.go("People")
    expect(page.get_by_role("row").filter(has_text=STAYS)).to_be_visible()
    expect(page.get_by_text("reader3@plainfield.example")).to_have_count(0)
