"""The product as people get it: `manage.py up` on own files and ports, with a sandbox in a hurry; and people with browsers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from bench import house
from posthouse.up.places import CHECKOUT
from prove.running import Running
from tests.browser import DESK, PHONE, chromium

PORT = 21_000


@pytest.fixture(scope="session")
def product(request: pytest.FixtureRequest) -> Iterator[Running]:
    """Everything runs, on an empty database: no demo, nobody has ever been here."""
    if chromium() is None:
        pytest.skip("no Chromium")
    var = CHECKOUT / "var" / "test" / "journeys"
    (var / "sandbox" / "world.sqlite3").unlink(missing_ok=True)
    own = house.House(var, port=house.free_ports(PORT), environ={"SANDBOX_OPTIONS": "--fast"})
    own.open()
    own.close()  # migrated and empty
    with Running(own) as running:
        house.wait_until(lambda: house.listens("127.0.0.1", own.port + 1), within=30, what="hits answers")
        yield running


@pytest.fixture(scope="session")
def base_url(product: Running) -> str:
    return f"http://localhost:{product.house.port}"


@pytest.fixture
def open_page(browser: Browser, base_url: str) -> Iterator[Callable[..., Page]]:
    """`open_page()` gives a page of a new person at a desk, `open_page(phone=True)` of one with a phone.

    Whatever a page complains about (an error of a script, a breach of the content security policy) fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in EXPECTED):
            complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def make(*, phone: bool = False) -> Page:
        context = browser.new_context(
            base_url=base_url, viewport=PHONE if phone else DESK, locale="en-GB", timezone_id="Europe/Berlin"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints, complaints


# Chromium reports the status of a page as an error of its console; forms that are refused answer 422 on purpose.
EXPECTED = ("status of 422",)


@pytest.fixture
def people_csv(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"
