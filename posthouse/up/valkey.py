"""The private Valkey (or Redis): Celery's broker and the cache, on a unix socket, with an append-only file.

Policy: what it holds are wake-ups, heartbeats and counters. The state of rows is the queue, so data that another version
wrote and this one cannot read are set aside rather than kept from starting.
"""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from posthouse.up import children, logs
from posthouse.up.binaries import Programs
from posthouse.up.errors import CannotStart
from posthouse.up.places import Places, private

READY_WITHIN = 30.0  # seconds
UNREADABLE = (
    "Can't handle RDB format version",
    "Bad file format reading the append only file",
    "Unexpected end of file reading the append only file",
    "Wrong signature trying to load DB from file",
    "error trying to load the RDB",
    "Fatal error loading the DB",
    "Internal error in RDB",
    "Unknown RDB",
)


class Valkey:
    """One private server; `durable` says whether it keeps an append-only file (the tests need none)."""

    def __init__(self, programs: Programs, places: Places, *, durable: bool = True) -> None:
        self.programs = programs
        self.places = places
        self.durable = durable
        self.log = places.logs / "valkey.log"
        self._log_began = 0

    @property
    def socket(self) -> Path:
        return self.places.valkey_socket

    def prepare(self) -> None:
        """Make its directories; stop a server that a killed `up` left on them."""
        self._log_began = logs.size(self.log)
        private(self.places.valkey_data, self.places.account)
        private(self.socket.parent, self.places.account)
        if self.is_ready():
            self._say(b"SHUTDOWN")
            until = time.monotonic() + 5
            while self.is_ready() and time.monotonic() < until:
                time.sleep(0.02)

    def command(self) -> list[str]:
        return [
            self.programs.path(),
            *("--port", "0"),
            *("--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.places.valkey_data)),
            *("--appendonly", "yes" if self.durable else "no", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        ]

    def child(self) -> children.Child:
        return children.Child(
            name="valkey", command=self.command(), log=self.log, environ={"TZ": "UTC"}, account=self.places.account
        )

    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def is_ready(self) -> bool:
        """PING: +PONG, or a loading or memory error, which is an answer as well but not a good one."""
        return self._say(b"PING").startswith(b"+PONG")

    def _say(self, word: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                line.sendall(word + b"\r\n")
                return line.recv(64)
        except OSError:
            return b""

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + READY_WITHIN
        while not self.is_ready():
            if process.poll() is not None:
                raise self.trouble("Valkey did not start")
            if time.monotonic() > until:
                raise self.trouble(f"Valkey was not ready within {READY_WITHIN:.0f} s")
            time.sleep(0.01)

    def start(self, child: children.Child) -> str | None:
        """Start it and wait; set data aside that this version cannot read. Returns a note when it did that."""
        child.start()
        return self.settle(child)

    def settle(self, child: children.Child) -> str | None:
        """Wait for a child that was started; see `start`."""
        assert child.process is not None
        try:
            self.wait_until_ready(child.process)
        except CannotStart:
            said = logs.tail(self.log, lines=20, since=self._log_began)
            if child.alive or not any(words in said for words in UNREADABLE):
                raise
            aside = self._set_aside()
            child.start()
            self.wait_until_ready(child.process)
            return f"Valkey's old data could not be read by version {self.programs.version}; they were set aside in {aside}."
        return None

    def _set_aside(self) -> Path:
        data = self.places.valkey_data
        aside = data.with_name("valkey-set-aside")
        shutil.rmtree(aside, ignore_errors=True)
        data.rename(aside)
        self.prepare()
        return aside

    def trouble(self, what: str) -> CannotStart:
        said = logs.tail(self.log, lines=12, since=self._log_began)
        if "No space left on device" in said:
            return CannotStart(f"The disk is full: {what}. Make room, or set VAR_DIR to a directory on another disk.")
        return CannotStart(f"{what}. See {self.log}")
