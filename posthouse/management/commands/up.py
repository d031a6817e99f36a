"""`manage.py up`: starts everything. manage.py goes straight to posthouse.up; this lists it in `manage.py help`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from posthouse.up.__main__ import main


class Command(BaseCommand):
    help = "Starts PostgreSQL, Valkey and every process of Posthouse, and watches them until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(main([]))
