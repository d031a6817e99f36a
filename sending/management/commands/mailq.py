"""`manage.py mailq`: the mail that waits, by mailbox provider and age; the relays; what stands still."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.tenancy import cross_tenant
from sending.queries import ledger


class Command(BaseCommand):
    help = "Shows the mail that waits, by mailbox provider and age."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        with cross_tenant("an operator looks at the queue of all organizations"):
            waiting, held, relays = ledger.waiting(), ledger.held_mailings(), ledger.relays()
        now = timezone.now()
        if not waiting:
            self.stdout.write("No mail waits.")
        else:
            self.stdout.write(
                f"{'provider':24} {'state':10} {'messages':>9} {'oldest':>9} {'next try':>9}  mostly because of"
            )
        for row in waiting:
            self.stdout.write(
                f"{row.provider[:24]:24} {row.state.label:10} {row.count:>9} {_age(now, row.oldest):>9} "
                f"{_until(now, row.next_try):>9}  {row.reason or '-'}"
            )
        for number, name, hold, count in held:
            self.stdout.write(f"{count} of these stand still: mailing {number} ({name or 'unnamed'}) is {hold}.")
        for number, name, lives, facts in relays:
            word = "sends" if lives else "gives no sign of life"
            self.stdout.write(
                f"Relay {number} ({name}) {word}: {facts.get('per_second', 0)}/s, {facts.get('connections', 0)} connections."
            )
            sites = facts.get("held")
            for site, why in (sites if isinstance(sites, dict) else {}).items():
                self.stdout.write(f"  holds {site}: {why}")
        if not any(lives for _, _, lives, _ in relays):
            self.stdout.write(self.style.WARNING("No relay runs: nothing is sent. Start one with `manage.py relay`."))


def _age(now: datetime, then: datetime) -> str:
    return _span((now - then).total_seconds())


def _until(now: datetime, then: datetime) -> str:
    seconds = (then - now).total_seconds()
    return _span(seconds) if seconds > 0 else "now"


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
