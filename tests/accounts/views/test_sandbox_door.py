"""The login cards: only in the sandbox, only for people of the demo, only by POST."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from tests.cast import house, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo() -> User:
    user = person("Dora")
    user.is_demo = True
    user.save()
    house("Demo", {user: Role.MARKETER})
    return user


def enter(client: Client, who: str) -> Any:
    return client.post(reverse("accounts:sandbox_enter"), {"who": who})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_card_lets_one_in(client: Client, demo: User, settings: Any) -> None:
    settings.SANDBOX = True
    page = client.get(reverse("account_login")).content.decode()
    assert demo.email in page
    assert "Marketer" in page
    assert enter(client, demo.email).url == "/"
    assert is_in(client)


def test_there_are_no_cards_outside_of_the_sandbox(client: Client, demo: User, settings: Any) -> None:
    settings.SANDBOX = False
    assert demo.email not in client.get(reverse("account_login")).content.decode()
    assert enter(client, demo.email).status_code == 404
    assert not is_in(client)


def test_a_real_person_is_not_let_in_without_a_password(client: Client, settings: Any) -> None:
    settings.SANDBOX = True
    real = person("Rita")
    assert real.email not in client.get(reverse("account_login")).content.decode()
    assert enter(client, real.email).status_code == 404
    assert not is_in(client)


def test_nor_somebody_who_was_switched_off(client: Client, demo: User, settings: Any) -> None:
    settings.SANDBOX = True
    demo.is_active = False
    demo.save()
    assert enter(client, demo.email).status_code == 404
    assert not is_in(client)


@pytest.mark.parametrize("who", ["", "nobody@posthouse.example", "x" * 5000])
def test_nor_nobody(client: Client, demo: User, settings: Any, who: str) -> None:
    settings.SANDBOX = True
    assert enter(client, who).status_code == 404


def test_a_link_cannot_log_one_in(client: Client, demo: User, settings: Any) -> None:
    settings.SANDBOX = True
    assert client.get(reverse("accounts:sandbox_enter"), {"who": demo.email}).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert enter(strict, demo.email).status_code == 403
    assert not is_in(strict)


def test_nonsense_lets_nobody_in(client: Client, demo: User, settings: Any) -> None:
    settings.SANDBOX = True
    for who in ("", "\x00", f"{demo.email}\x00x", "nobody@nowhere.example"):
        assert enter(client, who).status_code == 404
    assert not is_in(client)


def test_the_operator_has_a_card_of_their_own(client: Client, operator: User, settings: Any) -> None:
    settings.SANDBOX = True
    operator.is_demo = True
    operator.save()
    page = client.get(reverse("account_login")).content.decode()
    assert operator.email in page and "Operator" in page
    enter(client, operator.email)
    assert client.get("/").url == reverse("operating:rulings")
