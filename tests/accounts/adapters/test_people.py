"""From sign-up by e-mail to one's own organization, and the mails on the way."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.cast import PASSWORD, person

pytestmark = pytest.mark.django_db
NEW = {"email": "nora@tea.example", "password1": "seven silver teaspoons"}


def link_in(message: Any) -> str:
    return re.search(r"https?://[^/]+(/account/\S+)", message.body)[1]


def test_one_signs_up_confirms_and_founds(client: Client) -> None:
    answer = client.post(reverse("account_signup"), NEW)
    assert answer.url == reverse("account_email_verification_sent")
    (message,) = mail.outbox
    assert message.to == ["nora@tea.example"]
    assert message.subject == "Confirm your address for Posthouse"
    (html, kind) = message.alternatives[0]
    assert kind == "text/html"
    address = link_in(message)
    assert address in html
    page = client.get(address)  # a scanner opens it: nothing happens
    assert "nora@tea.example" in page.content.decode()
    assert not client.post(
        reverse("account_login"), {"login": NEW["email"], "password": NEW["password1"]}
    ).wsgi_request.user.is_authenticated
    assert client.post(address).status_code == 302
    if "_auth_user_id" not in client.session:
        client.post(reverse("account_login"), {"login": NEW["email"], "password": NEW["password1"]})
    assert client.get("/").url == reverse("accounts:organization_new")


def test_the_form_does_not_tell_who_has_an_account(client: Client) -> None:
    known = person("Known")
    answer = client.post(reverse("account_signup"), NEW | {"email": known.email})
    assert answer.url == reverse("account_email_verification_sent")
    assert mail.outbox[0].subject == "You have an account at Posthouse already"
    assert User.objects.filter(email=known.email).count() == 1


def test_a_new_password_by_mail(client: Client) -> None:
    user = person("Forgetful")
    client.post(reverse("account_reset_password"), {"email": user.email})
    address = link_in(mail.outbox[0])
    form = client.get(address, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "eleven copper kettles", "password2": "eleven copper kettles"})
    user.refresh_from_db()
    assert user.check_password("eleven copper kettles")
    assert "does not work any more" in Client().get(address, follow=True).content.decode()


def test_the_reset_of_an_unknown_address_answers_the_same(client: Client) -> None:
    answer = client.post(reverse("account_reset_password"), {"email": "who@tea.example"})
    assert answer.url == reverse("account_reset_password_done")
    assert mail.outbox[0].subject == "No account for this address at Posthouse"


def test_a_short_password_is_refused_with_the_reason(client: Client) -> None:
    answer = client.post(reverse("account_signup"), NEW | {"password1": "tea"})
    assert answer.status_code == 200
    assert "at least 10 characters" in answer.content.decode()
    assert not mail.outbox


def test_tries_are_limited(client: Client) -> None:
    user = person("Target")
    for _ in range(12):
        answer = client.post(reverse("account_login"), {"login": user.email, "password": "wrong password"})
    page = answer.content.decode()
    assert answer.status_code == 429 or "Too many" in page
    right = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert right.status_code in {200, 429}
