"""Every page in Chromium, light at 1440 px and (one of each view) dark at 390: no axe violation, no error, no sideways scroll."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.urls import reverse

from accounts.tenancy import tenant_scope
from tests.browser import DESK, PHONE
from tests.cast import logged_in
from tests.face.pages import PAGES, Page, nothing

pytestmark = pytest.mark.django_db(transaction=True)
SCREENS = os.environ.get("SCREENS")  # a folder: the pictures are saved there
FORMAT = os.environ.get("SCREENS_FORMAT", "webp")
AT_REST = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
    for (const animation of document.getAnimations()) {
        if (Number.isFinite(animation.effect.getComputedTiming().endTime)) animation.finish();
    }
    requestAnimationFrame(done);
})))"""  # colours that are on their way from one mode to the other are nobody's colours
LOADED = "() => document.fonts.status === 'loaded' && !document.querySelector('.htmx-request')"  # what a page fetches by itself
EVERY_RULE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}  # all that a mode can change
LOOK = "([where, rules]) => axe.run(where, rules).then(found => found.violations)"
AROUND_THE_CANVAS: Any = {"exclude": [[".canvas"]]}  # the visual editor's; docs/face.md says why

# Each page light at the desk, each view dark on the phone, with every rule; nothing scrolls sideways at either width. In
# `make prove` and for pictures each page has all four looks.
ALL_LOOKS = bool(SCREENS or os.environ.get("FACE_LOOKS") == "all")
LOOKS = (
    ("desk", DESK, ("light", "dark") if ALL_LOOKS else ("light",)),
    ("phone", PHONE, ("light", "dark") if ALL_LOOKS else ("dark",)),
)
# The page by which a view is known in the dark: the first one that shows something.
DARK = {one.view: one.slug for one in reversed([*(one for one in PAGES if one.prepare is not nothing), *PAGES])}


def log_in(context: Any, url: str, user: Any) -> None:
    cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])


def take_picture(page: Any, name: str) -> None:
    assert SCREENS
    Path(SCREENS).mkdir(parents=True, exist_ok=True)
    page.screenshot(animations="disabled")  # paints the page anew: the capture below would show an older frame
    shot = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": FORMAT, "quality": 82, "captureBeyondViewport": False}
    )
    (Path(SCREENS) / f"{name}.{FORMAT}").write_bytes(base64.b64decode(shot["data"]))


@pytest.mark.parametrize("one", PAGES[::2], ids=lambda one: one.slug)
def test_the_page_is_whole_and_everyone_can_use_it(
    one: Page, live_server: Any, visitor: Any, organization: Any, request: pytest.FixtureRequest
) -> None:
    look_at(one, live_server, visitor, organization, request)


def look_at(one: Page, live_server: Any, visitor: Any, organization: Any, request: pytest.FixtureRequest) -> None:
    """Walk one page in its looks. The other half of PAGES is in test_pages_too.py: two processes share the work."""
    with tenant_scope(organization):
        kwargs = one.prepare(organization)
    if one.tenant:
        kwargs = {"org": organization.public_id, **kwargs}
    visitor.context.clear_cookies()
    if one.who != "nobody":
        log_in(visitor.context, live_server.url, request.getfixturevalue(one.who))
    said: list[str] = []
    listeners = {
        "console": lambda message: said.append(message.text) if message.type in {"error", "warning"} else None,
        "pageerror": lambda error: said.append(str(error)),
    }
    for event, listener in listeners.items():
        visitor.on(event, listener)
    try:
        address = f"{live_server.url}{reverse(one.view, kwargs=kwargs)}?{one.query}"
        wrong = walk(visitor, address, one)
    finally:
        for event, listener in listeners.items():
            visitor.remove_listener(event, listener)
        visitor.goto("about:blank")  # nothing of this page asks the server on behalf of the next
    assert not wrong, "\n".join(wrong)
    assert not said, "\n".join(said)


def walk(page: Any, address: str, one: Page) -> list[str]:
    """Open the page and look at it in its looks; tells what is wrong."""
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    answer = page.goto(address, wait_until="load")
    assert answer.status == one.status
    page.wait_for_function(LOADED)
    page.evaluate(AXE_SCRIPT)
    wrong = []
    for width, viewport, modes in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(reduced_motion="reduce")
        page.evaluate(AT_REST)
        for mode in modes if ALL_LOOKS or width == "desk" or DARK[one.view] == one.slug else ():
            page.emulate_media(color_scheme=mode, reduced_motion="reduce")
            page.evaluate(AT_REST)
            if SCREENS:
                take_picture(page, f"{one.slug}-{width}-{mode}")
            rules = {**(EVERY_RULE if mode == modes[0] else COLOUR_RULES), "resultTypes": ["violations"]}
            for violation in page.evaluate(LOOK, [AROUND_THE_CANVAS, rules]):
                if violation["id"] not in one.ignores:
                    nodes = [(node["target"], node["failureSummary"]) for node in violation["nodes"][:3]]
                    wrong.append(f"{width} {mode}: {violation['id']}: {nodes}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{width}: {wide} px scroll sideways")
    return wrong
