"""A real Chromium for the tests that need one, found on the system; loudly missed where there is none."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

_missed: set[str] = set()


def chromium() -> str | None:
    """The path of the browser: $CHROMIUM, else what the system has."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator["Browser"]:
    path = chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None  # type: ignore[assignment]
    if path is None or sync_playwright is None:
        pytest.skip("no Chromium" if path is None else "no playwright")
    # Playwright runs an event loop in this thread: Django then takes every query of the test itself for a mistake, and
    # asyncio's own tests cannot run. So it ends with the module.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def context(browser: "Browser") -> Iterator["BrowserContext"]:
    fresh = browser.new_context(viewport=DESK, locale="en-GB", timezone_id="Europe/Berlin")
    fresh.set_default_timeout(10_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    return context.new_page()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.skipped and "browser" in getattr(item, "fixturenames", ()):
        _missed.add(item.nodeid)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not _missed:
        return
    why = "no Chromium was found" if chromium() is None else "playwright is not installed (`make test` does it)"
    terminalreporter.write_sep("!", f"{len(_missed)} BROWSER TESTS DID NOT RUN: {why}", red=True, bold=True)
    terminalreporter.write_line("Install Chromium (Debian: `apt install chromium`), or set CHROMIUM to its path.")
