"""A person's own page."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_one_changes_ones_name(as_analyst: Client, analyst: User) -> None:
    as_analyst.post(reverse("accounts:you"), {"name": "Ana Ñandú 🦊"})
    analyst.refresh_from_db()
    assert analyst.name == "Ana Ñandú 🦊"


def test_strangers_have_no_page(client: Client) -> None:
    assert client.get(reverse("accounts:you")).status_code == 302
