"""The pages of the product as people use them: by their words, never by the structure beneath."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PARTS = ("Delivered", "On its way", "Retrying", "Bounced", "Skipped", "Needs you")
MAIL_WITHIN = 30.0  # seconds from a press of a button to the mail in the inbox


def number(text: str) -> int:
    """`20,000` as people read it; a dash is nought."""
    digits = re.sub(r"[^0-9]", "", text)
    return int(digits) if digits else 0


def reload_until(page: Page, holds: Callable[[], bool], *, what: str, within: float = MAIL_WITHIN) -> None:
    """Press reload as an impatient person does."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(
                f"{what}: not within {within:.0f} s. {page.url} says:\n{page.locator('body').inner_text()[:3000]}"
            )
        page.wait_for_timeout(400)
        page.reload()


def labelled(place: Page | Locator, label: str) -> Locator:
    """The control under that label, which may go on with "optional"; not the search in the top bar."""
    area = place.get_by_role("main") if isinstance(place, Page) else place
    return area.get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s+optional)?\s*$"))


class Door:
    """Making an account, and getting in."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def sign_up(self, address: str, password: str) -> None:
        self.page.goto("/account/signup/")
        labelled(self.page, "E-mail address").fill(address)
        labelled(self.page, "Password").fill(password)
        self.page.get_by_role("button", name="Make an account").click()
        expect(self.page.get_by_role("heading", name="Look into your inbox")).to_be_visible()

    def confirm(self, link: str) -> None:
        self.page.goto(link)
        self.page.get_by_role("button", name="Yes, confirm it").click()

    def log_in(self, address: str, password: str) -> None:
        self.page.goto("/account/login/")
        labelled(self.page, "E-mail address").fill(address)
        labelled(self.page, "Password").fill(password)
        self.page.get_by_role("button", name="Log in", exact=True).click()

    def make_organization(self, name: str, postal_address: str, time_zone: str) -> None:
        labelled(self.page, "Name of the organization").fill(name)
        labelled(self.page, "Postal address").fill(postal_address)
        labelled(self.page, "Time zone").select_option(time_zone)
        self.page.get_by_role("button", name="Make the organization").click()

    def begin(self, inbox: "Inbox", password: str, organization: str) -> None:
        """From nobody to the owner of an organization: an account, the mail that confirms it, a name and an address."""
        self.sign_up(inbox.address, password)
        inbox.open("Confirm your address for Posthouse")
        self.confirm(inbox.link("/account/confirm-email/"))
        if "/account/login/" in self.page.url:
            self.log_in(inbox.address, password)
        self.make_organization(organization, "Quay 1\n20457 Hamburg\nGermany", "Europe/Berlin")


class Inbox:
    """The sandbox inbox of one address."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, subject: str) -> None:
        """Wait for the newest mail with that subject, and open it."""
        self.page.goto(f"/sandbox/inbox/?mailbox={self.address}")
        row = self.page.get_by_role("link", name=subject)
        reload_until(self.page, lambda: row.count() > 0, what=f"a mail “{subject}” for {self.address}")
        row.first.click()
        expect(self.page.get_by_role("heading", name=subject)).to_be_visible()

    def count(self, subject: str) -> int:
        self.page.goto(f"/sandbox/inbox/?mailbox={self.address}")
        return self.page.get_by_role("link", name=subject).count()

    def source(self) -> str:
        """The mail as it came over the wire."""
        address = self.page.get_by_role("link", name="The whole mail as sent").get_attribute("href")
        return self.page.request.get(str(address)).text()

    def link(self, containing: str) -> str:
        """The first link of the mail's text that has these words in its address."""
        found = re.search(rf"https?://[^\s<>\"]*{re.escape(containing)}[^\s<>\"]*", self.words())
        assert found, f"no link with {containing} in:\n{self.words()}"
        return found[0]

    def words(self) -> str:
        """What the mail says, as a phone shows it."""
        frame = self.page.locator("iframe[title='The mail on a phone']")
        if frame.count():
            body = self.page.frame_locator("iframe[title='The mail on a phone']").locator("body")
            links = body.locator("a").evaluate_all("all => all.map(each => each.href).join('\\n')")
            return body.inner_text() + "\n" + str(links)
        return self.page.get_by_label("The mail on a phone").inner_text()


class House:
    """An organization's pages, by the words of the side navigation."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def prefix(self) -> str:
        """/o/<organization>/"""
        found = re.search(r"/o/[^/]+/", self.page.url)
        assert found, self.page.url
        return found[0]

    def go(self, entry: str) -> None:
        self.page.get_by_role("navigation").get_by_role("link", name=entry, exact=True).first.click()

    def next_step(self, label: str) -> None:
        """Home shows the one next step; take it."""
        self.go("Home")
        self.page.get_by_role("link", name=label).first.click()


class DomainPage:
    def __init__(self, page: Page) -> None:
        self.page = page

    def add(self, name: str) -> None:
        labelled(self.page, "Domain").fill(name)
        self.page.get_by_role("button", name="Add the domain").click()
        expect(self.page.get_by_role("heading", name=f"Can we send from {name}?")).to_be_visible()

    def make_ready(self, name: str) -> None:
        """Add it, publish its records in the sandbox's DNS, and see that it may send."""
        self.add(name)
        self.publish()
        self.expect_ready()

    def publish(self) -> None:
        self.page.get_by_role("button", name="Publish in the sandbox DNS").click()

    def expect_ready(self) -> None:
        """The page follows by itself while DNS is asked."""
        expect(self.page.get_by_text("Ready to send.")).to_be_visible(timeout=MAIL_WITHIN * 1000)


class Bar:
    """The reconciling bar, by its table."""

    def __init__(self, page: Page) -> None:
        self.table: Locator = page.locator("table.parts").first

    def parts(self) -> dict[str, int]:
        rows = self.table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [row.cells[0].innerText.trim(), row.cells[1].innerText.trim()])"
        )
        return {name: number(people) for name, people in rows}

    def check_sum(self, audience: int) -> dict[str, int]:
        """The six parts add up to the audience, and the page says so. Gives the parts."""
        found = self.parts()
        six = {name: found[name] for name in PARTS}
        assert sum(six.values()) == audience, found
        expect(self.table.get_by_text("adds up")).to_be_visible()
        return six


class CampaignPage:
    def __init__(self, page: Page) -> None:
        self.page = page

    def start(self, name: str, topic: str) -> None:
        labelled(self.page, "Name").fill(name)
        labelled(self.page, "Topic").select_option(label=topic)
        self.page.get_by_role("button", name="Go on to the content").click()

    def pick(self, template: str) -> None:
        card = self.page.locator(".template-card").filter(
            has=self.page.get_by_role("heading", name=template, exact=True)
        )
        card.get_by_role("button", name="Use this one").click()
        expect(self.page.get_by_role("heading", name="Preview")).to_be_visible()

    def preview(self) -> str:
        """What the preview shows."""
        return self.page.frame_locator("iframe[title='Preview of the mail']").locator("body").inner_text()

    def to_checklist(self) -> None:
        self.page.get_by_role("link", name="To the checklist").click()
        expect(self.page.get_by_role("heading", name="Checklist")).to_be_visible()

    def address(self, *, subject: str, from_name: str, domain: str) -> None:
        self.page.get_by_role("link", name="Audience and sender").click()
        labelled(self.page, "Subject").fill(subject)
        labelled(self.page, "Sender's name").fill(from_name)
        labelled(self.page, "Domain: after the @").select_option(label=domain)
        self.page.get_by_role("button", name="Save").click()
        expect(self.page.get_by_role("heading", name="Checklist")).to_be_visible()

    def send_test(self, to: str) -> None:
        self.page.get_by_role("button", name="Send a test").click()
        dialog = self.page.get_by_role("dialog", name="Send a test")
        labelled(dialog, "Send the test to").fill(to)
        dialog.get_by_role("button", name="Send the test").click()
        expect(self.page.get_by_text(f"The test is on its way to {to}")).to_be_visible()

    def tick_warnings(self) -> None:
        for box in self.page.get_by_label("I have looked; it is right.").all():
            box.check()

    def to_launch(self) -> None:
        self.page.get_by_role("link", name="Send…").click()
        expect(self.page.get_by_role("group", name="When")).to_be_visible()
        self.tick_warnings()

    def send(self, *, undo: str = "Not at all") -> None:
        """Send it now; `undo` as the page calls it."""
        self.to_launch()
        self.page.get_by_text("More ways to be careful").click()
        labelled(self.page, "Can be taken back for").select_option(label=undo)
        self.page.get_by_role("button", name="Send it").click()

    def wait_until_sent(self, within: float = 60) -> None:
        """The page moves by itself; nobody reloads."""
        expect(self.page.get_by_text("Nothing is waiting any more.")).to_be_visible(timeout=within * 1000)


class VisualEditor:
    """The visual editor of designs: blocks, the canvas, what is selected."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.canvas = page.frame_locator("iframe[title='The mail, to be edited']")
        self.selected = page.get_by_role("region", name="What is selected")

    def open(self) -> None:
        """Wait until the mail is in the canvas."""
        expect(self.page.get_by_role("button", name="Visual", exact=True)).to_have_attribute("aria-pressed", "true")
        expect(self.canvas.locator("[data-gjs-type='mj-body']")).to_be_attached()
        self.page.wait_for_timeout(300)

    def to_code(self) -> None:
        self.page.get_by_role("button", name="Code", exact=True).click()

    def to_visual(self) -> None:
        self.page.get_by_role("button", name="Visual", exact=True).click()
        self.open()

    @property
    def source(self) -> str:
        """The design's text."""
        return self.page.locator("#mjml").input_value()

    def put(self, block: str) -> None:
        """Press a block of the palette."""
        self.block(block).click()

    def pick(self, words: str) -> Locator:
        """Select the part of the mail with these words."""
        found = self.canvas.get_by_text(words, exact=False).first
        found.click()
        return found

    def block(self, name: str) -> Locator:
        """A block of the palette."""
        return self.page.get_by_role("region", name="Blocks").get_by_role("button", name=name, exact=True)

    @property
    def handle(self) -> Locator:
        """What the selected part is dragged by."""
        return self.page.locator(".gjs-toolbar-item[draggable]")

    def drag(self, what: Locator, to: tuple[float, float], *, by: tuple[float, float] = (8, 8)) -> float:
        """Drag with the mouse as a hand does, from `what` to a point of the page; tells at which height the marker stood."""
        box, mouse, marker = what.bounding_box(), self.page.mouse, self.page.locator(".gjs-placeholder-int:visible")
        assert box
        x, y = box["x"] + by[0], box["y"] + by[1]
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 6, y + 4)
        mouse.move((x + to[0]) / 2, (y + to[1]) / 2, steps=8)
        mouse.move(to[0], to[1] + 1, steps=12)
        mouse.move(*to)  # the first move over an element only says that it is entered; a hand goes on moving
        expect(marker).to_be_visible()
        self.page.wait_for_timeout(400)  # the marker glides
        stood = marker.bounding_box()
        assert stood
        mouse.up()
        expect(marker).to_have_count(0)
        return stood["y"] + stood["height"] / 2

    def write(self, words: str, *, over: str) -> None:
        """Double-click the text that says `over`, and type over all of it."""
        self.canvas.get_by_text(over, exact=False).first.dblclick()
        expect(self.page.get_by_role("toolbar", name="Words")).to_be_visible()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(words)
        self.page.get_by_role("button", name="Done").click()

    def set(self, label: str, value: str) -> None:
        """Fill in a field of what is selected."""
        field = self.selected.get_by_label(label, exact=True)
        field.fill(value)
        field.press("Enter")

    def upload_picture(self, file: Path, *, alt: str) -> None:
        """In the open dialog of pictures."""
        dialog = self.page.get_by_role("dialog", name="Choose a picture")
        dialog.get_by_label("Upload a picture").set_input_files(file)
        dialog.get_by_label("What does it show?").fill(alt)
        dialog.get_by_role("button", name="Use this picture").click()
        expect(dialog).to_be_hidden()

    def wait_until_saved(self) -> None:
        expect(self.page.get_by_text(re.compile(r"^Saved \d\d:\d\d$"))).to_be_visible()


class TopicPage:
    def __init__(self, page: Page) -> None:
        self.page = page

    def make(self, name: str, description: str) -> None:
        self.page.get_by_role("link", name="Make a topic").first.click()
        labelled(self.page, "Name").fill(name)
        labelled(self.page, "What people get, and how often").fill(description)
        self.page.get_by_role("button", name="Make the topic").click()
        expect(self.page.get_by_role("link", name=name)).to_be_visible()


class ImportPage:
    def __init__(self, page: Page) -> None:
        self.page = page

    def bring(self, file: Path, *, topic: str, new: int, unusable: int) -> None:
        """Upload, subscribe them to a topic, look at the plan, approve it, and wait until they are in."""
        labelled(self.page, "File").set_input_files(file)
        self.page.get_by_role("button", name="Upload").click()
        expect(self.page.get_by_role("heading", name="What do the columns mean?")).to_be_visible()
        labelled(self.page, topic).check()
        labelled(self.page, "Why may you write to them?").select_option(index=1)
        labelled(self.page, "Where did they agree?").fill("The till of the shop")
        labelled(self.page, "What words did they see?").fill("Write to me about new books, once a month.")
        labelled(self.page, "When?").fill("2026-10-31")
        self.page.get_by_role("button", name="Read the file").click()
        expect(self.page.get_by_role("heading", name="This is what would happen")).to_be_visible(timeout=30_000)
        assert self.planned("New people") == new
        assert self.planned("Cannot be used") == unusable
        self.page.get_by_role("button", name=f"Import {new} people").click()
        expect(self.page.get_by_role("heading", name="The list is in")).to_be_visible(timeout=30_000)

    def planned(self, line: str) -> int:
        row = self.page.get_by_role("table", name="The plan").get_by_role("row").filter(has_text=line)
        return number(row.locator("td").inner_text())
