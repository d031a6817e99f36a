"""What all pages are looked at with."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import DESK


@pytest.fixture(scope="module")
def visitor(browser: Any) -> Iterator[Any]:
    """One tab of one browser profile for all pages: what they share is fetched once, and no window is opened for each."""
    with browser.new_context(viewport=DESK, locale="en-GB", timezone_id="Europe/Berlin") as context:
        context.set_default_timeout(30_000)
        yield context.new_page()
