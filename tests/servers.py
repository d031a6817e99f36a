"""The tests' own PostgreSQL and Valkey under var/test/: never the developer's data, shared by all runs that go on at once.

The first run starts them and the last one to end stops them: each run holds a shared lock on `users.lock` while it lives,
and whoever can get it for himself alone turns off the light.
"""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import IO

from posthouse.up import account, binaries, children, places
from posthouse.up.postgres import Postgres
from posthouse.up.valkey import Valkey

# Data that are thrown away need not survive a power cut.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "2GB"}


class Servers:
    """The two servers; `database_url` and `broker_url` once `start` has returned."""

    def __init__(self) -> None:
        kinds = binaries.wanted_kinds(os.environ)
        var = places.CHECKOUT / "var" / "test" / (kinds[0] if len(kinds) == 1 else "any")
        self.here = places.choose(var, account.for_servers(places.CHECKOUT))
        places.prepare(self.here)
        places.check_space(self.here)
        postgres, valkey = binaries.postgres(self.here, kinds), binaries.valkey(kinds)
        self.postgres = Postgres(binaries.within_reach(postgres, self.here), self.here, HASTY)
        self.valkey = Valkey(binaries.within_reach(valkey, self.here), self.here, durable=False)
        self.users: IO[str] | None = None

    @property
    def database_url(self) -> str:
        return self.postgres.url()

    @property
    def broker_url(self) -> str:
        return self.valkey.url()

    def start(self) -> None:
        """Start what does not run yet. Blocks while another run starts or stops them."""
        with self._mutex():
            self.users = (self.here.var / "users.lock").open("w")
            fcntl.flock(self.users, fcntl.LOCK_SH)
            if not self._postgres_answers():
                self.postgres.prepare()
                self.postgres.wait_until_ready(self._spawn(self.postgres.child()))
                self.postgres.furnish()
            if not self.valkey.is_ready():
                self.valkey.prepare()
                self.valkey.wait_until_ready(self._spawn(self.valkey.child()))

    def leave(self) -> None:
        """Stop the servers if nobody else uses them."""
        if self.users is None:
            return
        with self._mutex(), self.users:
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self.valkey.prepare()  # stops the one that answers
            self._stop_postgres()

    def _mutex(self) -> IO[str]:
        mutex = (self.here.var / "start.lock").open("w")
        fcntl.flock(mutex, fcntl.LOCK_EX)
        return mutex

    def _spawn(self, child: children.Child) -> object:
        return children.spawn(
            child.command, log=child.log, environ=child.environ, account=child.account, outlives_us=True
        )

    def _postgres_answers(self) -> bool:
        import psycopg

        try:
            self.postgres.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _stop_postgres(self) -> None:
        pid_file: Path = self.here.postgres_data / "postmaster.pid"
        try:
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGINT)
        except (OSError, ValueError, IndexError):
            return
        until = time.monotonic() + 10
        while pid_file.exists() and time.monotonic() < until:
            time.sleep(0.01)
