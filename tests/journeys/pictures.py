"""`python -m tests.journeys.pictures [address]`: the pictures of the demo in motion, from a Posthouse that runs (`make run`).

They are pictures of a moment, so they are taken by hand and kept beside the pictures of `tests/face`.
"""

import base64
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import ARGUMENTS, chromium

SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"
WIDTHS = {"desk": (1440, 900), "phone": (390, 844)}


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    page.screenshot(animations="disabled")  # paints the page anew: the capture below would show an older frame
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    (SCREENS / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


def walk(browser: Browser, address: str) -> None:
    for width, (w, h) in WIDTHS.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": w, "height": h}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(address)
            take(page, f"demo-login-{width}-{scheme}")
            page.get_by_role("button", name="Marketer").click()
            page.wait_for_url("**/o/**")
            take(page, f"demo-home-{width}-{scheme}")
            page.get_by_role("link", name="Weekly letter 27").first.click()
            take(page, f"demo-live-{width}-{scheme}")
            context.close()


if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        walk(browser, sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")
        browser.close()
