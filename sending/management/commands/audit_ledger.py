"""`manage.py audit_ledger`: prove that every recipient is accounted for. One line a broken rule, and exit status 1."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from accounts.tenancy import cross_tenant
from sending.queries import ledger


class Command(BaseCommand):
    help = "Proves that the ledger adds up: parts, tallies, events, and the references that have no constraint."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        with transaction.atomic():
            if connection.in_atomic_block and not connection.savepoint_ids:
                with connection.cursor() as cursor:  # one moment, although mail goes on
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            with cross_tenant("the audit looks at every organization's ledger"):
                for line in ledger.audit():
                    self.stdout.write(line)
                    broken += 1
        if broken:
            raise CommandError(f"The ledger does not add up: {broken} lines.", returncode=1)
        self.stdout.write(self.style.SUCCESS("The ledger adds up."))
