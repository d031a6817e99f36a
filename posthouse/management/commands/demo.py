"""`manage.py demo`: fill the sandbox with Copper Kettle Coffee, its people, its past and a send in motion."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from posthouse.demo import seeding


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = (
        "Seeds the demo: an organization with 20,000 invented people, 26 past sends, and one in motion. Sandbox only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing, and say nothing, when the demo is there."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo sends mail to invented people, so it belongs into the sandbox. Set SANDBOX=1.")
        if seeding.is_there():
            if options["if_empty"]:
                return
            raise CommandError(
                "The demo is there already. `make demo-reset` deletes all private data and lets it be seeded anew."
            )
        began = time.perf_counter()
        organization = seeding.seed()
        self.stdout.write(f"demo: {organization.name} is open for business ({time.perf_counter() - began:.1f} s).")
