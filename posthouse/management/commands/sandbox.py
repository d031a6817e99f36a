"""`manage.py sandbox`: play the world on this computer's own addresses: DNS, mailbox providers, people. Until SIGTERM."""

import asyncio
import contextlib
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from posthouse.sandbox import characters
from posthouse.sandbox.errands import Doors
from posthouse.sandbox.esps import Esps
from posthouse.sandbox.store import Store
from posthouse.sandbox.world import Plan, World, loopback


class Command(BaseCommand):
    help = "Plays the world: a DNS, mailbox providers with characters, and people who open, click, leave and complain."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--fast", action="store_true", help="No pacing; people react at once. For tests and benchmarks."
        )
        parser.add_argument(
            "--characters", type=Path, default=characters.SHIPPED, help="Another TOML file of providers."
        )
        parser.add_argument("--seed", default="copper kettle", help="Another seed makes other people. (%(default)r)")
        parser.add_argument("--forget", action="store_true", help="Empty all mailboxes and the receivers' log first.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The sandbox is off here. Set SANDBOX=1, or start everything with `make run`.")
        try:
            cast = characters.load(options["characters"])
            doors = Doors(
                hits=("127.0.0.1", settings.HITS_PORT),
                mailroom=(loopback(settings.MAILROOM_HOST), settings.MAILROOM_PORT),
            )
        except (characters.BadCharacters, OSError, ValueError) as error:
            raise CommandError(str(error)) from error
        plan = Plan(
            cast=cast.hurried() if options["fast"] else cast,
            seed=options["seed"],
            house_domain=settings.HOUSE_DOMAIN,
            path=settings.SANDBOX_STORE,
            smtp_port=settings.SANDBOX_SMTP_PORT,
            dns_port=settings.SANDBOX_DNS_PORT,
            doors=doors,
        )
        if options["forget"]:
            with Store(plan.path) as store:
                store.forget_mail()
        try:
            uvloop.run(play(plan, say=self.stdout.write))
        except OSError as error:
            raise CommandError(f"The sandbox cannot open its doors: {error}") from error


async def play(plan: Plan, *, say: Any) -> None:
    """Open the world and keep it until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    world = World(plan)
    await world.open()
    say(
        f"sandbox: {len(plan.cast.providers)} mailbox providers on port {world.smtp_port}, "
        f"DNS on port {world.dns_port}. Nothing leaves this computer."
    )
    sys.stdout.flush()
    with Esps(settings.SANDBOX_ESP_PORT):
        await stopped.wait()
    await world.close()
