"""A marketer and the people of a list: search, filter, keep the view, tag many, take it back, take a file along."""

import csv
import io
import re
import threading
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from accounts.models import Organization
from accounts.tenancy import tenant_scope
from contacts.actions import job_work
from contacts.models import Contact, Job, SavedView, Tagging
from tests.browser import PHONE
from tests.face.audience import people as sixty_people
from tests.face.test_pages import log_in

pytestmark = pytest.mark.django_db(transaction=True)


def work_off(organization: Organization) -> None:
    """What the worker does with the job that waits."""

    def work() -> None:
        try:
            with tenant_scope(organization):
                job = Job.objects.latest("pk")
            assert job_work.run(organization_id=organization.pk, job_id=job.pk)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


def test_from_a_search_to_a_file(live_server: Any, context: Any, organization: Organization, marketer: Any) -> None:
    with tenant_scope(organization):
        sixty_people(organization)
        hostile = Contact.objects.latest("pk")
        hostile.values = {**hostile.values, "first_name": "=HYPERLINK(1)"}
        hostile.save(update_fields=["values"])
    log_in(context, live_server.url, marketer)
    complaints: list[str] = []
    page: Page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/o/{organization.public_id}/people/")

    # Search, then filter, then keep what is seen.
    page.get_by_role("searchbox", name="Search people").fill("garcía")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("10 people")).to_be_visible()
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Topic", exact=True).select_option("Kettle weekly")
    page.get_by_label("Sort by").select_option("Address A–Z")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("subscribed to Kettle weekly", exact=True)).to_be_visible()
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Keep this view as").fill("Garcías of the weekly")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Garcías of the weekly")).to_have_attribute("aria-current", "page")
    with tenant_scope(organization):
        assert SavedView.objects.get().query.endswith("&sort=address")

    # Three are tagged at once, and it is taken back.
    bar = page.get_by_role("button", name="Remove a tag")
    expect(bar).to_be_hidden()
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose José"))
    for number in range(3):
        boxes.nth(number).check()
    expect(page.get_by_text("With 3 chosen:")).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("Winter fair")
    page.get_by_role("button", name="Put the tag on").click()
    expect(page.get_by_text("Tag “Winter fair”: 3 people.")).to_be_visible()
    with tenant_scope(organization):
        assert Tagging.objects.count() == 3
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: Tag “Winter fair”: 3 people.")).to_be_visible()
    with tenant_scope(organization):
        assert Tagging.objects.count() == 0

    # Everybody is a job with a page of its own, which notices that the work is done.
    page.get_by_role("checkbox", name="Choose everybody on this page").check()
    page.get_by_role("checkbox", name="Everybody who fits").check()
    expect(page.get_by_text("With everybody who fits:")).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("Guests")
    page.get_by_role("button", name="Put the tag on").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    work_off(organization)
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    with tenant_scope(organization):
        assert Tagging.objects.count() == 60

    # The tagged ones go along as a file.
    page.get_by_role("link", name="People", exact=True).first.click()
    page.get_by_role("checkbox", name="Choose everybody on this page").check()
    page.get_by_role("checkbox", name="Everybody who fits").check()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    path = download.value.path()
    assert path is not None
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert len(rows) == 60
    assert {row["Tags"] for row in rows} == {"Guests"}
    assert rows[-1]["First name"] == "'=HYPERLINK(1)"
    assert not complaints


def test_a_person_on_a_phone(live_server: Any, context: Any, organization: Organization, marketer: Any) -> None:
    with tenant_scope(organization):
        person = sixty_people(organization, 6)["contact"]
    log_in(context, live_server.url, marketer)
    page: Page = context.new_page()
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/o/{organization.public_id}/people/{person}/")
    page.get_by_label("New tag").fill("Regular")
    page.get_by_role("button", name="Add", exact=True).click()
    take_off = page.get_by_role("button", name="Take off the tag Regular")
    expect(take_off).to_be_visible()
    take_off.click()
    expect(page.get_by_text("No tags")).to_be_visible()
    page.get_by_label("Why did they (not) get").fill("kettle")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("No campaign has “kettle” in its name or subject.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="All their data").click()
    path = download.value.path()
    assert path is not None
    assert "guest" in path.read_text()
