"""The roof."""

from django.apps import AppConfig


class PosthouseConfig(AppConfig):
    name = "posthouse"

    def ready(self) -> None:
        from posthouse import checks, wiring  # noqa: F401  (the models are there now; importing registers the checks)

        wiring.plug()
