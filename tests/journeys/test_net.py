"""Sending with a net: a second person's yes and a launch taken back; a careful start that stops by itself."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Organization, User
from accounts.tenancy import tenant_scope
from campaigns import tasks
from campaigns.models import Campaign
from prove.running import Running
from sending.enums import DeliveryState
from sending.models import Delivery
from tests.campaigns import conftest as ready
from tests.face.test_pages import log_in
from tests.journeys.pages import CampaignPage, DomainPage, Door, House, ImportPage, Inbox, TopicPage, labelled

brand, topic, domain, people, draft = ready.brand, ready.topic, ready.domain, ready.people, ready.draft


def in_the_worker(task: Callable[..., None], *ids: int) -> None:
    """What the worker does when it is woken."""

    def work() -> None:
        try:
            task(*ids)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


@pytest.mark.django_db(transaction=True)
def test_approval_and_taking_it_back(
    live_server: Any,
    browser: Any,
    organization: Organization,
    draft: Campaign,
    people: Callable[..., Any],
    marketer: User,
    owner: User,
) -> None:
    people(12)
    with tenant_scope(organization):
        Organization.objects.filter(pk=organization.pk).update(needs_approval=True)
    contexts: dict[User, BrowserContext] = {person: browser.new_context() for person in (marketer, owner)}
    pages: dict[User, Page] = {}
    complaints: list[str] = []
    for person, context in contexts.items():
        log_in(context, live_server.url, person)
        page = pages[person] = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    hers, his = pages[marketer], pages[owner]
    base = f"{live_server.url}/o/{organization.public_id}"

    # The marketer finds nothing to choose, and asks.
    hers.goto(f"{base}/campaigns/{draft.public_id}/launch/")
    expect(hers.get_by_text("12 people in “Weekly news”.")).to_be_visible()
    expect(labelled(hers, "Day and time")).to_be_hidden()
    for box in hers.get_by_label("I have looked; it is right.").all():
        box.check()
    hers.get_by_text("More ways to be careful").click()
    expect(labelled(hers, "People first, per cent")).to_be_hidden()
    hers.get_by_label("Careful start").check()
    expect(labelled(hers, "People first, per cent")).to_be_visible()
    hers.get_by_label("Careful start").uncheck()
    labelled(hers, "What they should know").fill("The second story is new.")
    hers.get_by_role("button", name="Ask for approval").click()
    expect(hers.get_by_text("Ask no longer, and edit it")).to_be_visible()

    # Somebody else sends it back with words; it is mended and asked for again.
    his.goto(f"{base}/")
    his.get_by_role("link", name="To approve").click()
    his.get_by_role("link", name="Spring letter").click()
    expect(his.get_by_text("The second story is new.")).to_be_visible()
    labelled(his, "What should be different").fill("Say who it is from.")
    his.get_by_role("button", name="Send it back").click()
    expect(his.get_by_text("Sent back. They get your words by mail.")).to_be_visible()
    hers.reload()
    expect(hers.get_by_text("Say who it is from.")).to_be_visible()
    hers.get_by_role("link", name="Send…").click()
    for box in hers.get_by_label("I have looked; it is right.").all():
        box.check()
    hers.get_by_text("More ways to be careful").click()
    labelled(hers, "Can be taken back for").select_option(label="5 minutes")
    hers.get_by_role("button", name="Ask for approval").click()
    expect(hers.get_by_text("Ask no longer, and edit it")).to_be_visible()
    his.goto(f"{base}/campaigns/{draft.public_id}/")
    his.get_by_role("button", name="Approve and send as asked").click()
    expect(his.get_by_text("Nothing has left yet.").first).to_be_visible()
    in_the_worker(tasks.freeze, organization.pk, draft.pk)

    # The countdown runs; the marketer takes it back; it is a draft again, and nobody got it.
    hers.goto(f"{base}/campaigns/{draft.public_id}/")
    expect(hers.get_by_text("The list is fixed: 12 people.")).to_be_visible()
    expect(hers.locator("[data-counts-down]")).to_contain_text("4:")
    hers.get_by_role("button", name="Take it back").click()
    expect(hers.get_by_text("Taken back. Nothing was sent; it is a draft again.")).to_be_visible()
    with tenant_scope(organization):
        mailing_id = Delivery.objects.exclude(contact=None).values_list("mailing_id", flat=True).distinct().get()
    in_the_worker(tasks.clear_away, organization.pk, mailing_id)
    with tenant_scope(organization):
        meant = Delivery.objects.exclude(contact=None)
        assert set(meant.values_list("state", flat=True)) == {DeliveryState.CANCELLED}

    # As it was approved it may be sent again, at a time now.
    hers.get_by_role("link", name="Send…").click()
    for box in hers.get_by_label("I have looked; it is right.").all():
        box.check()
    hers.get_by_label("At a time", exact=True).check()
    day = timezone.now() + timedelta(days=3)
    labelled(hers, "Day and time").fill(f"{day:%Y-%m-%d}T09:30")
    hers.get_by_role("button", name="Schedule it").click()
    expect(hers.get_by_text("It was approved for another time, so somebody is asked again.")).to_be_visible()
    expect(hers.get_by_text("at 09:30 (Europe/Berlin).")).to_be_visible()
    his.goto(f"{base}/campaigns/{draft.public_id}/")
    his.get_by_role("button", name="Approve and send as asked").click()
    expect(his.get_by_role("button", name="Unschedule and edit")).to_be_visible()
    for context in contexts.values():
        context.close()
    assert complaints == []


OWNER = "rosa.careful@inbox.example"
DOMAIN = "careful-books.example"


def test_a_careful_start_stops_by_itself(product: Running, open_page: Callable[..., Page], tmp_path: Path) -> None:
    """Most of the list does not exist: the first ones bounce, the others never get it, and the owner is told by mail."""
    page = open_page(product)
    house = House(page)
    inbox = Inbox(open_page(product), OWNER)
    Door(page).begin(inbox, "seven quiet tugboats", "Careful Books")
    house.next_step("Add a domain")
    DomainPage(page).make_ready(DOMAIN)
    house.go("Topics")
    TopicPage(page).make("Careful news", "Now and then")
    file = tmp_path / "people.csv"
    addresses = [f"unknown.p{number}@plainfield.example" for number in range(60)]
    file.write_text("Email;First name\n" + "".join(f"{address};Pat\n" for address in addresses), "utf-8")
    house.next_step("Import people")
    ImportPage(page).bring(file, topic="Careful news", new=60, unusable=0)
    house.next_step("New campaign")
    campaign = CampaignPage(page)
    campaign.start("Careful letter", "Careful news")
    campaign.pick("Newsletter")
    campaign.to_checklist()
    campaign.address(subject="Carefully", from_name="Careful Books", domain=DOMAIN)

    campaign.to_launch()
    page.get_by_text("More ways to be careful").click()
    labelled(page, "Can be taken back for").select_option(label="Not at all")
    page.get_by_label("Careful start").check()
    labelled(page, "People first, per cent").fill("20")
    labelled(page, "Then wait, minutes").fill("5")
    page.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("Nobody else gets it until you decide.")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("of the first 12 bounced").first).to_be_visible()
    expect(page.get_by_text("48 people wait.")).to_be_visible()
    inbox.open("Stopped: Careful letter")
    assert "Nobody else gets it until you decide." in inbox.words()

    # By hand: cancelled, and it adds up.
    page.get_by_role("button", name="Cancel", exact=True).click()
    labelled(page, "Type the campaign's name: Careful letter").fill("Careful letter")
    page.get_by_role("button", name="Cancel the send").click()
    expect(page.get_by_text("Cancelled. Nothing more leaves")).to_be_visible()
