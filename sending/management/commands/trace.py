"""`manage.py trace ADDRESS`: why did this person get, or not get, our mail? The story of one address, newest message first."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.tenancy import cross_tenant
from contacts import addresses
from sending.enums import DeliveryState, Reason
from sending.queries import ledger


class Command(BaseCommand):
    help = "Tells what became of every message to an address, with the servers' own words."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--limit", type=int, default=20, help="how many messages (20)")

    def handle(self, *args: Any, address: str, limit: int, **options: Any) -> None:
        try:
            key = addresses.parse(address).key
        except addresses.InvalidAddress as invalid:
            raise CommandError(f"{address!r} is no address: {invalid}") from invalid
        with cross_tenant("an operator asks what became of one address"):
            messages, entries = ledger.messages_to(key, limit=max(1, limit)), ledger.do_not_send(key)
        for entry in entries:
            lifted = f", lifted {entry.lifted_at:%Y-%m-%d %H:%M}" if entry.lifted_at else ""
            self.stdout.write(
                f"On the do-not-send list of {entry.organization} since {entry.created_at:%Y-%m-%d %H:%M}{lifted}: "
                f"{entry.reason} ({entry.source}). {entry.evidence}".rstrip()
            )
        if not messages:
            self.stdout.write(f"No message to {key} is in the ledger.")
        for message in messages:
            self._tell(message)

    def _tell(self, message: ledger.Message) -> None:
        self.stdout.write("")
        self.stdout.write(
            f"{message.organization}: {message.mailing} ({message.stream}), message {message.id}: {_state(message)}"
        )
        self.stdout.write(f"  {message.created_at:%Y-%m-%d %H:%M:%S}  queued")
        for line in message.story:
            said = " ".join(filter(None, (line.code, line.text)))
            host = f" [{line.host}{f' from {line.source}' if line.source else ''}]" if line.host else ""
            self.stdout.write(f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.what}{host}{': ' + said if said else ''}")


def _state(message: ledger.Message) -> str:
    words = message.state.label
    if message.reason:
        words += f" ({Reason(message.reason).label if message.reason in Reason.values else message.reason.replace('_', ' ')})"
    if message.state in (DeliveryState.QUEUED, DeliveryState.DEFERRED):
        words += f", next try {message.due_at:%Y-%m-%d %H:%M:%S}, after {message.attempts} tries"
        if message.hold:
            words += f"; the send is {message.hold}"
    return words
