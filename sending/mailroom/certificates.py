"""The mail server's certificate, from files that may be renewed at any time: loaded whole or not at all.

Trap: a renewal replaces two files one after the other; in between they do not fit together. Then the old pair stays.
"""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)


class Server(Protocol):
    """Who uses it: whatever it has when the next client says STARTTLS."""

    tls: ssl.SSLContext | None


@dataclass(slots=True)
class Certificate:
    """A PEM certificate with its chain, and its PEM key (the same file if `key` is None)."""

    chain: Path
    key: Path | None = None
    _seen: tuple[object, ...] = ()

    def load(self) -> ssl.SSLContext:
        """A context of what the files hold now. Raises OSError (ssl.SSLError is one) when they are missing or do not fit."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        seen = self._look()
        context.load_cert_chain(self.chain, self.key)
        self._seen = seen
        return context

    def renew(self, server: Server, *, by_force: bool = False) -> bool:
        """Give the server the new certificate if the files have changed (or in any case); True when it got one."""
        try:
            if not by_force and self._look() == self._seen:
                return False
            server.tls = self.load()
        except OSError as error:
            log.warning("mailroom: the certificate %s cannot be used, the old one stays: %s", self.chain, error)
            return False
        log.info("mailroom: the certificate %s is in use from now on", self.chain)
        return True

    def _look(self) -> tuple[object, ...]:
        marks: list[object] = []
        for path in (self.chain, self.key):
            if path is not None:
                stat = path.stat()
                marks += [stat.st_mtime_ns, stat.st_size, stat.st_ino]
        return tuple(marks)
