"""The roof."""

from django.apps import AppConfig


class PosthouseConfig(AppConfig):
    name = "posthouse"

    def ready(self) -> None:
        from posthouse import wiring  # the models are there now

        wiring.plug()
