"""Rebuilds the totals from the ledger and the event log, or only checks them: `manage.py rebuild_totals [--check]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.tenancy import cross_tenant
from reputation.actions import totals


class Command(BaseCommand):
    help = "Rebuild the totals from the ledger and the event log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail when a number does not agree")

    def handle(self, *, check: bool, **options: Any) -> None:
        with cross_tenant("rebuild the totals from the ledger"):
            if not check:
                self.stdout.write(f"Rebuilt {totals.rebuild():,} totals.")
                return
            wrong = totals.differences()
        for one in wrong:
            self.stderr.write(
                f"mailing {one.mailing_id} kind {one.kind} provider {one.provider or '-'} variant {one.variant} "
                f"link {one.link}: counted {one.counted:,}, true {one.true:,}"
            )
        if wrong:
            raise CommandError("The totals do not agree with the ledger. `manage.py rebuild_totals` mends them.")
        self.stdout.write("The totals agree with the ledger and the log.")
