"""`manage.py mailroom`: take in bounces, complaint reports and opt-outs by mail. Until SIGTERM."""

import asyncio
import contextlib
import logging
import signal
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sending.adapters.mailroom import MailroomClerk
from sending.mailroom.reception import Limits, Reception

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Takes in bounces, complaint reports and opt-outs by mail (SMTP on MAILROOM_HOST:MAILROOM_PORT)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            uvloop.run(serve(settings.MAILROOM_HOST, settings.MAILROOM_PORT))
        except OSError as error:
            where = f"{settings.MAILROOM_HOST or '*'}:{settings.MAILROOM_PORT}"
            raise CommandError(f"The mailroom cannot listen on {where}: {error}. Set MAILROOM_PORT.") from error


async def serve(host: str, port: int) -> None:
    """Take mail in until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    name = f"mail.{settings.HOUSE_DOMAIN or 'localhost'}"
    clerk = MailroomClerk(host_name=name)
    reception = Reception(clerk, host_name=name, limits=Limits())
    port = await reception.open(host, port)
    log.info("mailroom: listening on %s:%d", host or "*", port)
    await stopped.wait()
    await reception.close()
    await asyncio.to_thread(clerk.close)
    log.info(
        "mailroom: closed; %s", ", ".join(f"{n} {kind}" for kind, n in sorted(clerk.handled.items())) or "nothing came"
    )
