"""`manage.py mailroom`: take in bounces, complaint and DMARC reports and opt-outs by mail. SIGTERM ends it, SIGHUP renews
its certificate (which it also notices by itself).
"""

import asyncio
import contextlib
import logging
import signal
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sending.adapters.mailroom import MailroomClerk
from sending.mailroom.certificates import Certificate
from sending.mailroom.reception import Limits, Reception

log = logging.getLogger(__name__)

LIMITS = Limits(message_octets=10_000_000, recipients=50, connections_a_minute=600, messages_a_minute=3_000)
LOOK_SECONDS = 10.0


class Command(BaseCommand):
    help = "Takes in bounces, reports and opt-outs by mail (SMTP on MAILROOM_HOST:MAILROOM_PORT)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            certificate = certificate_of_settings()
        except OSError as error:
            raise CommandError(
                f"The mailroom's certificate cannot be used: {error}. See MAILROOM_TLS_CERTIFICATE and MAILROOM_TLS_KEY."
            ) from error
        try:
            uvloop.run(serve(settings.MAILROOM_HOST, settings.MAILROOM_PORT, certificate=certificate))
        except OSError as error:
            where = f"{settings.MAILROOM_HOST or '*'}:{settings.MAILROOM_PORT}"
            raise CommandError(f"The mailroom cannot listen on {where}: {error}. Set MAILROOM_PORT.") from error


def certificate_of_settings() -> Certificate | None:
    """What STARTTLS is offered with; None: not at all. Raises OSError when the files cannot be used."""
    if not settings.MAILROOM_TLS_CERTIFICATE:
        return None
    key = Path(settings.MAILROOM_TLS_KEY) if settings.MAILROOM_TLS_KEY else None
    certificate = Certificate(Path(settings.MAILROOM_TLS_CERTIFICATE), key)
    certificate.load()
    return certificate


async def serve(host: str, port: int, *, certificate: Certificate | None = None) -> None:
    """Take mail in until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    name = f"mail.{settings.HOUSE_DOMAIN or 'localhost'}"
    clerk = MailroomClerk(host_name=name)
    reception = Reception(clerk, host_name=name, limits=LIMITS)
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    if certificate is not None:
        certificate.renew(reception, by_force=True)
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signal.SIGHUP, lambda: certificate.renew(reception, by_force=True))
    port = await reception.open(host, port)
    log.info("mailroom: listening on %s:%d%s", host or "*", port, ", with STARTTLS" if certificate else "")
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), LOOK_SECONDS)
        if certificate is not None:
            certificate.renew(reception)
    await reception.close()
    await asyncio.to_thread(clerk.close)
    log.info(
        "mailroom: closed; %s", ", ".join(f"{n} {kind}" for kind, n in sorted(clerk.handled.items())) or "nothing came"
    )
