"""`manage.py relay`: send the mail that waits in the ledger. SIGTERM drains; several may run on one database."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from accounts.tenancy import daemon_dsn
from sending.actions import house_mail
from sending.adapters.composer import LetterComposer
from sending.adapters.esp import AnymailPosting
from sending.adapters.ledger import Ledger
from sending.adapters.signing import SigningThreads
from sending.adapters.sources import Locks
from sending.relay import https, policies, sites
from sending.relay.addresses import Reach, may_connect
from sending.relay.dns import Resolver, split_server
from sending.relay.doors import Doors, House
from sending.relay.engine import Relay
from sending.relay.ports import Fenced, Unreachable
from sending.relay.routes import Routes
from sending.relay.session import Timeouts, unauthenticated_tls, verifying_tls
from sending.relay.sites import Directory
from sending.relay.sources import Source, Sources, can_use
from sending.relay.tls_counts import TlsCounts

log = logging.getLogger(__name__)

DRAIN_SECONDS = 15.0
FILES_BESIDE = 128  # open files that are not connections: database, DNS, threads, the libraries' own
MOST_CONNECTIONS = 10_000  # unless more are asked for
SWITCH_SECONDS = 0.0005  # signing threads come back from OpenSSL and should not wait 5 ms for the interpreter


class Command(BaseCommand):
    help = "Sends the mail that waits in the ledger, until SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--source", default="", help="The IP address that mail of no pool leaves from; the system's choice."
        )
        parser.add_argument(
            "--signers",
            type=int,
            default=min(4, os.cpu_count() or 1),
            help="Threads that sign; 0 where there are as many relays as cores.",
        )
        parser.add_argument(
            "--name", default="", help="What this relay is called in lists; host and process by default."
        )

    def handle(self, *args: Any, source: str = "", name: str = "", signers: int = 1, **options: Any) -> None:
        reach = reach_of_settings()
        if source and not may_connect(source, Reach.ANYWHERE):
            raise CommandError(f"--source {source} is not an IP address to send from.")
        directory = directory_of_settings()
        sys.setswitchinterval(SWITCH_SECONDS)
        uvloop.run(serve(reach=reach, source=source, name=name, signers=max(0, signers), directory=directory))


def directory_of_settings() -> Directory:
    """What is known of providers, with the installation's own file over it. Raises CommandError."""
    path = settings.RELAY_PROVIDERS
    try:
        return sites.directory(own=Path(path).read_text(encoding="utf-8") if path else "")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"RELAY_PROVIDERS: {path} cannot be read: {error}") from error
    except sites.BadDirectory as error:
        raise CommandError(f"RELAY_PROVIDERS: {path}: {error}") from error


def most_connections(*, wished: int, open_files: tuple[int, int]) -> int:
    """How many connections one relay may have at once. `open_files`: the soft and the hard limit of open files (ulimit -n).

    Raises CommandError when the wish is above what they let.
    """
    _, hard = open_files
    most = 2**31 if hard == resource.RLIM_INFINITY else hard - FILES_BESIDE
    if wished > most:
        raise CommandError(
            f"RELAY_CONNECTIONS is {wished}, and the limit of open files ({hard}, ulimit -Hn) lets {max(0, most)}. "
            "Raise that limit, or lower RELAY_CONNECTIONS."
        )
    return wished or max(1, min(most, MOST_CONNECTIONS))


def make_room(connections: int) -> None:
    """See that so many connections may be open: the soft limit is raised, the hard one is somebody else's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_BESIDE
    if hard != resource.RLIM_INFINITY:
        wanted = min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def reach_of_settings() -> Reach:
    """How far this relay may reach. The interlock: with the sandbox on, only this computer, or it does not start."""
    if not settings.SANDBOX:
        return Reach.INTERNET
    try:
        host, _ = split_server(settings.RELAY_RESOLVER)
    except ValueError:
        host = ""
    if not may_connect(host, Reach.LOOPBACK):
        raise CommandError(
            "SANDBOX is on, so the relay asks the sandbox's DNS only, and RELAY_RESOLVER is "
            f"{settings.RELAY_RESOLVER or 'not set'!r}. Unset RELAY_RESOLVER, or turn SANDBOX off to send real mail."
        )
    return Reach.LOOPBACK


async def serve(*, reach: Reach, source: str, name: str, signers: int, directory: Directory) -> None:
    """Send until SIGTERM or SIGINT. A relay that was fenced off begins anew under another id."""
    connections = most_connections(
        wished=settings.RELAY_CONNECTIONS, open_files=resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    make_room(connections)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    running: list[Relay] = []

    def stop() -> None:
        stopping.set()
        for relay in running:
            relay.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    house = House(
        name=settings.RELAY_EHLO_NAME,
        port=settings.RELAY_SMTP_PORT,
        reach=reach,
        tls=unauthenticated_tls(),
        timeouts=Timeouts(),
        verifying=verifying_tls(),
    )
    dsn = daemon_dsn()
    signing = SigningThreads(signers)
    composer = LetterComposer(dsn, signing=signing, link_url=settings.LINK_URL, house_domain=settings.HOUSE_DOMAIN)
    ledger = Ledger(dsn, name=name)
    clock = ledger.clock
    locks = Locks(dsn, relay_id=lambda: ledger.relay_id)
    counts = TlsCounts(clock)
    posting = AnymailPosting(dsn, reach=reach)
    names = Resolver(settings.RELAY_RESOLVER, validates=settings.RELAY_RESOLVER_VALIDATES)
    fetch = policies.by_https(names, https.Limits(reach=reach))
    routes = Routes(
        names,
        clock,
        reach=reach,
        policies=policies.Policies(names, clock, fetch=fetch, shelf=ledger, counts=counts),
        port=settings.RELAY_SMTP_PORT,
    )
    try:
        while not stopping.is_set():
            if not await registered(ledger, stopping):
                break
            if not await asyncio.to_thread(house_is_ready):
                await asyncio.sleep(1.0)
                continue
            relay = Relay(
                spool=ledger,
                journal=ledger,
                composer=composer,
                routes=routes,
                doors=Doors(routes, house, clock, counts=counts),
                directory=directory,
                connections=connections,
                clock=clock,
                sources=Sources([Source(address=source)]),
                addresses=locks,
                usable=partial(can_use, reach=reach),
                counts=counts,
                posting=posting,
                stand_for=settings.ESP_FAILOVER_MINUTES * 60,
                drain_seconds=DRAIN_SECONDS,
            )
            running[:] = [relay]
            log.info(
                "relay %d: sending to %s, port %d%s",
                ledger.relay_id,
                reach.value,
                settings.RELAY_SMTP_PORT,
                f", from {source}" if source else "",
            )
            try:
                await relay.run()
            except Fenced as fenced:
                log.warning("%s; beginning anew.", fenced)
            except Unreachable as error:
                log.warning("The ledger cannot be reached: %s", error)
                await asyncio.sleep(1.0)
            finally:
                await locks.close()
    finally:
        await composer.close()
        await posting.close()
        await ledger.close()
    log.info("relay %d: ended", ledger.relay_id)


def house_is_ready() -> bool:
    """See that the house's key is there before the first mail that it signs; False when the database went away."""
    try:
        house_mail.ensure_domain()
    except DatabaseError as error:
        log.warning("The key of %s cannot be looked up: %s", settings.HOUSE_DOMAIN, error)
        return False
    finally:
        connection.close()  # this thread's own
    return True


async def registered(ledger: Ledger, stopping: asyncio.Event) -> bool:
    """Become a relay, however long the database takes; False when told to stop meanwhile."""
    said = False
    while not stopping.is_set():
        try:
            await ledger.register()
        except Unreachable as error:
            if not said:
                log.warning("Waiting for the database: %s", error)
                said = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 1.0)
        else:
            return True
    return False
