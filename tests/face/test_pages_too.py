"""The other half of the pages; see test_pages.py."""

from typing import Any

import pytest

from tests.face.pages import PAGES, Page
from tests.face.test_pages import look_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("one", PAGES[1::2], ids=lambda one: one.slug)
def test_the_page_is_whole_and_everyone_can_use_it(
    one: Page, live_server: Any, visitor: Any, organization: Any, request: pytest.FixtureRequest
) -> None:
    look_at(one, live_server, visitor, organization, request)
