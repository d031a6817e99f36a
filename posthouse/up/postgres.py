"""The private PostgreSQL: makes its data once, starts it on a unix socket without TCP, gives Posthouse its role and database.

Policy: nobody but the servers' account (and root) can reach the socket, because its directory is closed to all others;
that is the whole authentication. Posthouse logs in as a role that owns its tables and is no superuser, because a
superuser sees through row-level security.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from posthouse.up import children, logs
from posthouse.up.binaries import Programs
from posthouse.up.errors import CannotStart
from posthouse.up.places import POSTGRES_SOCKET, Places, private

if TYPE_CHECKING:
    import psycopg

SUPERUSER = "postgres"
LOGIN_ROLE = "posthouse"
DATABASE = "posthouse"
EXTENSIONS = ("pg_trgm", "citext")  # trusted or not, only made by the superuser here; migrations find them there
READY_WITHIN = 60.0  # seconds; recovery after a crash may take a while
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "512MB",  # touched as needed, not taken at once
    "max_wal_size": "4GB",  # a launch or an import of a million people fits between two checkpoints
    "random_page_cost": "1.1",  # for disks without a moving head
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "password_encryption": "scram-sha-256",
}


class Postgres:
    """One private server. `settings` are added to SETTINGS (the tests turn the syncing to disk off)."""

    def __init__(self, programs: Programs, places: Places, settings: dict[str, str] | None = None) -> None:
        self.programs = programs
        self.places = places
        self.settings = {**SETTINGS, **(settings or {}), "unix_socket_directories": str(places.postgres_socket)}
        self.log = places.logs / "postgres.log"
        self._log_began = 0

    # --- before it starts ---------------------------------------------------------------------------------------------

    def prepare(self) -> bool:
        """Make the data if there are none; clear what a crash left behind. True when the data are new."""
        data = self.places.postgres_data
        self._log_began = logs.size(self.log)
        private(data.parent, self.places.account)
        private(self.places.postgres_socket, self.places.account)
        if (data / "PG_VERSION").exists():
            self.clear_stale_pid()
            return False
        private(data, self.places.account)
        if any(
            data.iterdir()
        ):  # an initdb that was interrupted: it writes PG_VERSION first, but into an empty place only
            shutil.rmtree(data)
            private(data, self.places.account)
        unfinished = data.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        private(unfinished, self.places.account)
        self._initdb(unfinished)
        data.rmdir()
        unfinished.rename(data)
        return True

    def _initdb(self, data: Path) -> None:
        """Text sorts by code point and folds case for every alphabet, the same on all systems."""
        locales = [["--locale=C.UTF-8"], ["--no-locale"]]
        if self.programs.major >= 17:
            locales.insert(0, ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"])
        common = [
            self.programs.path("initdb"),
            "-D",
            str(data),
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "-A",
            "trust",
            "--no-sync",
        ]
        for locale in locales:
            with self.log.open("ab") as output:
                result = subprocess.run(
                    [*common, *locale],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self.environ(),
                    cwd="/",
                    check=False,
                    **self.places.account.popen_arguments(),
                )
            if result.returncode == 0:
                return
        raise self.trouble("PostgreSQL's data could not be made")

    def clear_stale_pid(self) -> None:
        """A postmaster.pid may name a process that is gone, or by now another program; a server that we left is stopped."""
        pid_file = self.places.postgres_data / "postmaster.pid"
        try:
            pid = abs(int(pid_file.read_text().splitlines()[0]))
        except (OSError, ValueError, IndexError):
            return
        if not self._is_our_server(pid):
            pid_file.unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)  # fast shutdown: it was left by an `up` that could not stop it
        until = time.monotonic() + 15
        while _exists(pid):
            if time.monotonic() > until:
                raise CannotStart(
                    f"A PostgreSQL (process {pid}) still works on {self.places.postgres_data}. Stop it: kill {pid}"
                )
            time.sleep(0.05)

    def _is_our_server(self, pid: int) -> bool:
        if not _exists(pid):
            return False
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except FileNotFoundError:
            return not Path("/proc/self").exists()  # no /proc (macOS): believe the file, as pg_ctl does
        except OSError:
            return True
        return os.fsencode(self.places.postgres_data) in command

    # --- running ------------------------------------------------------------------------------------------------------

    def command(self) -> list[str]:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        return [self.programs.path(), "-D", str(self.places.postgres_data), *options]

    def environ(self) -> dict[str, str]:
        """PostgreSQL gets nothing of ours: a stray PGDATA or LC_ALL would change what it does."""
        return {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_MESSAGES": "C"}

    def child(self) -> children.Child:
        return children.Child(
            name="postgres",
            command=self.command(),
            log=self.log,
            environ=self.environ(),
            account=self.places.account,
            stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, loses nothing
            patience=30.0,
            before_restart=self.clear_stale_pid,
        )

    def is_ready(self) -> bool:
        """The last line of postmaster.pid says so (as pg_ctl reads it), which costs no connection."""
        try:
            lines = (self.places.postgres_data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + READY_WITHIN
        while not self.is_ready():
            if process.poll() is not None:
                raise self.trouble("PostgreSQL did not start")
            if time.monotonic() > until:
                raise self.trouble(f"PostgreSQL was not ready within {READY_WITHIN:.0f} s")
            time.sleep(0.01)

    def trouble(self, what: str) -> CannotStart:
        """The reason from the log, as one line that says what to do."""
        said = logs.tail(self.log, lines=12, since=self._log_began)
        if "No space left on device" in said:
            return CannotStart(f"The disk is full: {what}. Make room, or set VAR_DIR to a directory on another disk.")
        if "could not create shared memory segment" in said or "Cannot allocate memory" in said:
            return CannotStart(
                f"{what}: too little memory. Close other programs, or set DATABASE_URL to a PostgreSQL elsewhere."
            )
        if "pre-existing shared memory block" in said:
            return CannotStart(f"{what}: processes of the last run still end. Try again in a few seconds.")
        reason = next((line for line in reversed(said.splitlines()) if "FATAL" in line or "error:" in line), "")
        return CannotStart(f"{what}{': ' + reason if reason else ''}. See {self.log}")

    # --- its contents -------------------------------------------------------------------------------------------------

    def url(self, database: str = DATABASE, user: str = LOGIN_ROLE) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.places.postgres_socket), safe='/')}"

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        import psycopg  # not at the top: the server starts while this loads

        return psycopg.connect(
            host=str(self.places.postgres_socket), dbname=database, user=SUPERUSER, autocommit=True, connect_timeout=10
        )

    def furnish(self) -> None:
        """Make the role, the extensions and the database that Posthouse needs, unless they are there."""
        with self.connect("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found:
            return
        with self.connect("template1") as connection:  # test databases are copies of template1
            role = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN_ROLE]).fetchone()
            if not role:
                connection.execute(f"CREATE ROLE {LOGIN_ROLE} LOGIN CREATEDB CREATEROLE NOSUPERUSER NOINHERIT")
            # NOINHERIT keeps an owner before PostgreSQL 16 from what pg_database_owner may do, so it is said by name.
            connection.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {LOGIN_ROLE}")
            available = connection.execute(
                "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [list(EXTENSIONS)]
            ).fetchall()
            for (name,) in available:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {LOGIN_ROLE}")

    @property
    def socket(self) -> Path:
        return self.places.postgres_socket / POSTGRES_SOCKET


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
