"""`manage.py doctor`: says what would be used and what is wrong. manage.py goes straight to posthouse.up.doctor."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from posthouse.up.__main__ import main


class Command(BaseCommand):
    help = "Says which servers, ports and directories `up` would use, and what stands in its way."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(main(["doctor"]))
