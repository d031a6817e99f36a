"""The processes of Posthouse: what each is started with, under which database role, and how long it may take to stop."""

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from posthouse.up.children import Child
from posthouse.up.places import CHECKOUT


@dataclass(frozen=True)
class Service:
    """`role` is POSTHOUSE_ROLE: what row-level security lets it see. `patience`: seconds it may take to stop."""

    name: str
    command: tuple[str, ...]
    role: str = "app"
    patience: float = 10.0


def all_of(environ: dict[str, str], *, sandbox: bool) -> list[Service]:
    """Every service, in the order in which they are started."""
    host = environ.get("HOST", "127.0.0.1")
    port = environ["PORT"]
    hits_port = environ.get("HITS_PORT") or str(int(port) + 1)
    granian = (
        sys.executable,
        "-m",
        "granian",
        "--host",
        host,
        "--no-ws",
        "--log-level",
        "warning",
        "--respawn-failed-workers",
    )
    celery = (sys.executable, "-m", "celery", "-A", "posthouse")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # two workers have nothing to gossip about
    worker = (*celery, "worker", "--loglevel", "INFO", *quiet)
    web = ("--interface", "wsgi", "--port", port, "--blocking-threads", environ.get("WEB_THREADS", "6"))
    hits = ("--interface", "asgi", "--port", hits_port, "--workers", environ.get("HITS_WORKERS", "1"))
    services = [
        Service("web", (*granian, *web, "--workers", environ.get("WEB_WORKERS", "1"), "posthouse.wsgi:application")),
        Service(
            "relay", _manage("relay"), role="daemon", patience=20.0
        ),  # it drains: conversations end, claims go back
        Service("hits", (*granian, *hits, "posthouse.hits:application"), role="daemon"),
        Service("mailroom", _manage("mailroom"), role="daemon"),
        Service("worker", (*worker, "-Q", "celery", "--concurrency", environ.get("WORKERS", "2")), patience=20.0),
        Service(
            "bulk",
            (*worker, "-Q", "bulk", "-n", "bulk@%h", "--concurrency", environ.get("BULK_WORKERS", "2")),
            patience=20.0,
        ),
        Service("beat", (*celery, "beat", "--loglevel", "WARNING", "--pidfile", "")),
    ]
    if sandbox:
        services.insert(
            1, Service("sandbox", _manage("sandbox", *shlex.split(environ.get("SANDBOX_OPTIONS", ""))), role="daemon")
        )
    return services


def child(service: Service, *, logs: Path, environ: dict[str, str]) -> Child:
    return Child(
        name=service.name,
        command=list(service.command),
        log=logs / f"{service.name}.log",
        environ={**environ, "POSTHOUSE_ROLE": service.role, "POSTHOUSE_PROCESS": service.name},
        cwd=CHECKOUT,
        patience=service.patience,
    )


def chore(*arguments: str, environ: dict[str, str], role: str, log: Path) -> Child:
    """A command of manage.py that ends by itself."""
    return Child(
        name=arguments[0],
        command=list(_manage(*arguments)),
        log=log,
        environ={**environ, "POSTHOUSE_ROLE": role},
        cwd=CHECKOUT,
    )


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, os.fspath(CHECKOUT / "manage.py"), *arguments)
