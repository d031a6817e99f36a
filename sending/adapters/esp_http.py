"""The wire to an ESP's API: requests under a guard.

Policy: only the fixed host, only to addresses that the relay may reach (with the sandbox on: this computer), no redirects, no
proxy or password from the environment. A call is written only after `leave` has returned, and from then on is known to
have been `written`: requests itself cannot tell a line that never stood from one that was cut behind the message.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from sending.relay.addresses import Reach, may_connect

CONNECT_SECONDS = 10.0


class Aborted(Exception):
    """The call was given up before its first octet."""


class Wire(requests.Session):
    """One connection's worth of requests, one at a time. `written`: of the request that is made now."""

    def __init__(self, reach: Reach) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["User-Agent"] = "Posthouse"
        self.written = False
        self._reach = reach
        self._leave: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._dead = False
        self._line: HTTPConnection | None = None
        adapter = _Adapter(self)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def begin(self, leave: Callable[[], None] | None) -> None:
        """The next request is written once `leave` has returned. What it raises ends the request."""
        self.written, self._leave = False, leave

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: a host that is fixed sends us nowhere else."""

    def abort(self) -> None:
        """From any thread: what is not written never will be, what is being answered ends now."""
        with self._lock:
            self._dead = True
            line = self._line
        if line is not None and line.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(line.sock, socket.SHUT_RDWR)  # under TLS: of the socket, and not of TLS

    # --- called by the connections ------------------------------------------------------------------------------------

    def stands(self, line: HTTPConnection) -> None:
        self._line = line

    def before_writing(self) -> None:
        if self.written:
            return
        if self._leave is not None:
            self._leave()
        with self._lock:
            if self._dead:
                raise Aborted
            self.written = True

    def connect(self, host: str, port: int) -> socket.socket:
        """A socket to the host at an address that may be reached. Raises OSError."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        allowed = [(family, place) for family, *_, place in found if may_connect(str(place[0]), self._reach)]
        if not allowed:
            raise OSError(f"{host} leads to no address on {self._reach.value}")
        for number, (family, place) in enumerate(allowed, start=1):
            line = socket.socket(family, socket.SOCK_STREAM)
            try:
                line.settimeout(CONNECT_SECONDS)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.connect(place)
            except OSError:
                line.close()
                if number == len(allowed):
                    raise
            else:
                return line
        raise OSError(host)


class _Adapter(HTTPAdapter):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        wire = self._wire

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _open(wire, self)

            def send(self, data: Any) -> None:
                _send(wire, self, super().send, data)

        class Encrypted(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _open(wire, self)

            def send(self, data: Any) -> None:
                _send(wire, self, super().send, data)

        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
            "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": Encrypted}),
        }


def _open(wire: Wire, line: HTTPConnection) -> socket.socket:
    try:
        found = wire.connect(line.host, line.port or 443)
    except OSError as error:
        raise NewConnectionError(line, f"{line.host} cannot be reached: {error}") from error
    found.settimeout(line.timeout if isinstance(line.timeout, int | float) else None)
    return found


def _send(wire: Wire, line: HTTPConnection, send: Callable[[Any], None], data: Any) -> None:
    if line.sock is None:
        line.connect()
    wire.stands(line)
    wire.before_writing()
    send(data)
