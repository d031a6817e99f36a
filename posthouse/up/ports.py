"""The ports of Posthouse, all counted from PORT, and whether they are free."""

import errno
import socket
from dataclasses import dataclass

from posthouse.up.errors import CannotStart

LARGEST = 65535
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
# What each offset from PORT is for, and by which protocols.
OFFSETS = {
    0: ("web", (TCP,)),
    1: ("hits", (TCP,)),
    2: ("mailroom", (TCP,)),
    3: ("sandbox mail", (TCP,)),
    4: ("sandbox DNS", (TCP, UDP)),
    5: ("sandbox ESPs", (TCP,)),
}
SANDBOX_OFFSETS = range(2, 6)  # outside of the sandbox the mailroom's port is chosen by MAILROOM_PORT
STEP = 100  # how far away the next set of ports is that we propose


@dataclass(frozen=True)
class Need:
    """A port that one part of Posthouse listens on."""

    part: str
    port: int
    protocols: tuple[int, ...] = (TCP,)
    host: str = "127.0.0.1"


def number(name: str, text: str) -> int:
    """A port from the environment. Raises CannotStart when it is none."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST:
        raise CannotStart(f"{name}={text} is not a port. Write a number from 1 to {LARGEST}, like {name}=8100.")
    return int(text)


def needed(environ: dict[str, str], *, sandbox: bool) -> list[Need]:
    port = number("PORT", environ.get("PORT", "8000"))
    if port + max(OFFSETS) > LARGEST:
        raise CannotStart(f"PORT={port} is too high: Posthouse uses the {max(OFFSETS)} ports after it as well.")
    host = environ.get("HOST", "127.0.0.1")
    needs = []
    for offset, (part, protocols) in OFFSETS.items():
        if offset in SANDBOX_OFFSETS and not sandbox:
            continue
        own = {"hits": "HITS_PORT", "mailroom": "MAILROOM_PORT"}.get(part, "")
        chosen = number(own, environ[own]) if environ.get(own) else port + offset
        needs.append(Need(part, chosen, protocols, host if offset < 2 else "127.0.0.1"))
    if not sandbox and environ.get("MAILROOM_PORT"):
        everywhere = "0.0.0.0"  # noqa: S104
        port = number("MAILROOM_PORT", environ["MAILROOM_PORT"])
        needs.append(Need("mailroom", port, host=environ.get("MAILROOM_HOST") or everywhere))
    return needs


def check(needs: list[Need]) -> None:
    """Raises CannotStart for the first port that is not to be had."""
    for need in needs:
        for protocol in need.protocols:
            trouble = _trouble(need, protocol)
            if trouble == errno.EADDRINUSE:
                raise CannotStart(
                    f"Port {need.port} ({need.part}) is taken by another program. Stop that program, or choose other "
                    f"ports: PORT={_proposal(needs)} make run"
                )
            if trouble == errno.EACCES:
                raise CannotStart(
                    f"Port {need.port} ({need.part}) may only be used by root. Choose ports above 1023: PORT=8000 make run"
                )
            if trouble == errno.EADDRNOTAVAIL:
                raise CannotStart(
                    f"HOST={need.host} is no address of this computer. Leave it out, or write 127.0.0.1 or 0.0.0.0."
                )


def _trouble(need: Need, protocol: int) -> int:
    """The errno that binding would meet, or 0."""
    family = socket.AF_INET6 if ":" in need.host else socket.AF_INET
    with socket.socket(family, protocol) as candidate:
        if protocol == TCP:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((need.host, need.port))
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return 0


def _proposal(needs: list[Need]) -> int:
    """The next PORT from which on every port is free."""
    base = needs[0].port
    for port in range(base + STEP, LARGEST - STEP, STEP):
        moved = [Need(need.part, need.port - base + port, need.protocols, need.host) for need in needs]
        if all(
            0 < need.port <= LARGEST and not _trouble(need, protocol) for need in moved for protocol in need.protocols
        ):
            return port
    return base + STEP
