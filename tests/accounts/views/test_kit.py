"""The catalogue is shown to who builds, not to who runs."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/kit/", "/kit/recipient/"])
def test_it_is_there_in_the_sandbox_only(client: Client, settings: Any, address: str) -> None:
    settings.SANDBOX, settings.DEBUG = True, False
    assert client.get(address).status_code == 200
    settings.SANDBOX = False
    assert client.get(address).status_code == 404
