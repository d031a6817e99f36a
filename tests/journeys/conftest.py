"""The product as people get it: `manage.py up` on own files and ports, with a sandbox in a hurry; and people with browsers."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from bench import house
from posthouse.up.places import CHECKOUT
from posthouse.up.postgres import DATABASE
from prove.running import Running
from tests.browser import DESK, PHONE, chromium

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # each process of a parallel run has a product of its own
PORT = 21_000 + 200 * int(WORKER.removeprefix("gw") or 0)
PATIENCE = 20_000  # milliseconds: a busy machine is no fault of a page

expect.set_options(timeout=PATIENCE)


@contextmanager
def running(name: str, *, port: int, demo: bool, options: str) -> Iterator[Running]:
    """The whole product on a database of its own under var/test/NAME, empty or with the demo."""
    if chromium() is None:
        pytest.skip("no Chromium")
    var = CHECKOUT / "var" / "test" / f"{name}{WORKER}"
    own = house.House(var, port=house.free_ports(port), environ={"SANDBOX_OPTIONS": options})
    with own:
        (var / "sandbox" / "world.sqlite3").unlink(missing_ok=True)
        if demo:  # `up` seeds it into an empty database that nobody has called up to date
            with own.connect() as connection:
                connection.execute(f"COMMENT ON DATABASE {DATABASE} IS NULL")
    with Running(own) as it:
        house.wait_until(lambda: house.listens("127.0.0.1", own.port + 1), within=60, what="hits answers")
        yield it


@pytest.fixture(scope="package")
def product() -> Iterator[Running]:
    """One for all journeys, each with people, an organization and domains of its own; the sandbox is in a hurry."""
    with running("journeys", port=PORT, demo=False, options="--fast") as it:
        yield it


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    """What a newcomer sees after `make run`: the demo, at its own pace."""
    with running("demo", port=PORT + 100, demo=True, options="") as it:
        yield it


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(product)` gives a page of a new person at a desk, `open_page(product, phone=True)` of one with a phone.

    Whatever a page complains about (an error of a script, a breach of the content security policy) fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in EXPECTED):
            complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def make(at: Running, *, phone: bool = False) -> Page:
        context = browser.new_context(
            base_url=f"http://localhost:{at.house.port}",
            viewport=PHONE if phone else DESK,
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(PATIENCE)
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
