"""The sending app."""

from django.apps import AppConfig


class SendingConfig(AppConfig):
    name = "sending"
