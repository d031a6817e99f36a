"""What lives in the browser: theme, copying, dialogs, typed confirmation, the code editor, the menu on a phone, undo."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.enums import Role
from accounts.models import Membership, Organization, User
from accounts.tenancy import tenant_scope
from tests.browser import PHONE
from tests.face.pages import PAGES
from tests.face.test_pages import log_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kit(page: Any, live_server: Any) -> Any:
    page.set_default_timeout(30_000)
    page.goto(f"{live_server.url}/kit/", wait_until="load")
    return page


def test_the_theme_is_chosen_and_stays(kit: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = kit.evaluate(paper)
    kit.get_by_role("button", name="Dark").click()
    assert kit.evaluate(paper) != light
    kit.reload()
    assert kit.locator("html").get_attribute("data-bs-theme") == "dark"
    assert kit.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    kit.get_by_role("button", name="System").click()
    kit.reload()
    assert kit.evaluate(paper) == light


def test_copying_says_so(kit: Any) -> None:
    kit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = kit.get_by_role("button", name="Copy host").first
    button.click()
    expect(button).to_have_text("Copied")
    assert kit.evaluate("navigator.clipboard.readText()") == "_dmarc.copper-kettle.example"


def test_what_cannot_be_undone_wants_the_name(kit: Any) -> None:
    kit.get_by_role("button", name="Delete", exact=True).click()
    dialog = kit.get_by_role("dialog")
    assert dialog.get_by_role("button", name="Delete for ever").is_disabled()
    dialog.get_by_label("Write Copper Kettle to confirm").fill("Copper Kettle")
    assert dialog.get_by_role("button", name="Delete for ever").is_enabled()
    kit.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_the_code_editor_keeps_the_textarea_in_step_and_shows_problems(kit: Any) -> None:
    editor = kit.get_by_role("textbox", name="MJML")
    editor.wait_for()
    editor.click()
    kit.keyboard.press("Control+End")
    kit.keyboard.insert_text("<!-- Ärger 🦊 -->")
    assert kit.locator("#mjml").input_value().rstrip().endswith("<!-- Ärger 🦊 -->")
    assert kit.locator(".cm-lint-marker-error").count() == 1
    kit.evaluate("document.getElementById('mjml').dispatchEvent(new CustomEvent('replace', {detail: '<mjml></mjml>'}))")
    assert kit.locator("#mjml").input_value() == "<mjml></mjml>"


def test_the_time_zone_of_a_new_organization_is_the_browsers(
    page: Any, context: Any, live_server: Any, outsider: User
) -> None:
    log_in(context, live_server.url, outsider)
    page.goto(live_server.url + reverse("accounts:organization_new"))
    assert page.get_by_label("Time zone").input_value() == "Europe/Berlin"


def test_a_removed_member_comes_back_by_undo(
    page: Any, context: Any, live_server: Any, organization: Organization, owner: User, marketer: User
) -> None:
    log_in(context, live_server.url, owner)
    page.goto(live_server.url + reverse("accounts:members", kwargs={"org": organization.public_id}))
    page.get_by_role("button", name="Remove Mara").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Mara is back.").wait_for()
    with tenant_scope(organization):
        assert Membership.objects.get(user=marketer).role == Role.MARKETER


def test_the_menu_opens_on_a_phone_and_the_search_has_its_key(
    page: Any, context: Any, live_server: Any, organization: Organization, owner: User
) -> None:
    log_in(context, live_server.url, owner)
    page.goto(live_server.url + reverse("accounts:settings", kwargs={"org": organization.public_id}))
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "top-search"
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Menu").click()
    menu = page.get_by_role("dialog", name="Menu")
    menu.get_by_role("link", name="People", exact=True).click()
    page.wait_for_url("**/people/")
    assert page.get_by_role("heading", level=1).is_visible()


def test_on_a_phone_the_tab_where_one_is_can_be_seen(
    live_server: Any, visitor: Any, organization: Organization, request: pytest.FixtureRequest
) -> None:
    one = next(page for page in PAGES if page.slug == "services")  # the last of the tabs
    with tenant_scope(organization):
        kwargs = one.prepare(organization)
    visitor.context.clear_cookies()
    log_in(visitor.context, live_server.url, request.getfixturevalue(one.who))
    visitor.set_viewport_size(PHONE)
    visitor.goto(f"{live_server.url}{reverse(one.view, kwargs={'org': organization.public_id, **kwargs})}")
    tab, tabs = visitor.evaluate(
        "() => ['.sub-nav [aria-current]', '.sub-nav'].map(each => document.querySelector(each).getBoundingClientRect().right)"
    )
    visitor.goto("about:blank")
    assert tab <= tabs + 1
