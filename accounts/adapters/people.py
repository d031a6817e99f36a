"""allauth's adapter: how people sign up and log in, by e-mail address only."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    """After the sign-up and the confirmation the front door leads on: to founding the first organization."""

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:front")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        return reverse("accounts:front") if self.request.user.is_authenticated else reverse("account_login")
