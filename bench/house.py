"""A private Posthouse to measure and to torment: own PostgreSQL, Valkey, ports and files, never the developer's.

Everything goes through posthouse.up, so that what is measured is started as `make run` starts it. Nothing here loads
Django: what needs it runs as a child process, under the role that it would have in the product.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psycopg

from bench import blank, report
from posthouse.up import account, binaries, children, places, ports, processes, supervisor, surroundings, upkeep
from posthouse.up.children import Child
from posthouse.up.places import CHECKOUT
from posthouse.up.postgres import DATABASE, LOGIN_ROLE, Postgres
from posthouse.up.valkey import Valkey

BLANK = "posthouse_blank"  # a migrated database without a row, to copy from
PORT = 18_000  # the first of the house's own ports; see posthouse/up/ports.py
WITHIN = 60.0  # seconds until a process must answer


class House:
    """The servers run between `open` and `close` (or inside of `with`); `environ` is what every process is given."""

    def __init__(self, var: Path, *, port: int | None = None, environ: dict[str, str] | None = None) -> None:
        port = free_ports(PORT) if port is None else port
        self.given = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        self.given |= {"VAR_DIR": str(var), "PORT": str(port), "SANDBOX": "1", "LOG_LEVEL": "INFO"} | (environ or {})
        self.port = port
        self.here = places.choose(var.absolute(), account.for_servers(CHECKOUT))
        kinds = binaries.wanted_kinds(self.given)
        self.postgres = Postgres(binaries.within_reach(binaries.postgres(self.here, kinds), self.here), self.here)
        self.valkey = Valkey(binaries.within_reach(binaries.valkey(kinds), self.here), self.here)
        self.environ = surroundings.compose(self.given, database_url=self.postgres.url(), broker_url=self.valkey.url())
        self.children: dict[str, Child] = {}
        self._servers: list[Child] = []
        self._lock: IO[str] | None = None

    # --- the servers ----------------------------------------------------------------------------------------------------

    def __enter__(self) -> "House":
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, *, fresh: bool = True) -> "House":
        """Start the servers with a migrated database; `fresh`: without a row in it."""
        self._lock = supervisor.hold(self.here)
        try:
            places.check_space(self.here)
            places.prepare(self.here)
            surroundings.keep_secret_key(self.here.secret_key)
            self.postgres.prepare()
            self.valkey.prepare()
            self._servers = [self.valkey.child(), self.postgres.child()]
            for server in self._servers:
                server.start()
            self.valkey.settle(self._servers[0])
            self.postgres.wait_until_ready(_process(self._servers[1]))
            self.postgres.furnish()
            if fresh:
                self.empty()
            elif not upkeep.is_current(self.environ["DATABASE_URL"]):
                self._migrate()
        except BaseException:
            self.close()
            raise
        return self

    @property
    def servers(self) -> dict[str, Child]:
        """Valkey and PostgreSQL, by name, while the house is open."""
        return {server.name: server for server in self._servers}

    def close(self) -> None:
        """Stop everything that was started here."""
        children.stop(list(self.children.values()))
        for server in self._servers:
            children.stop([server])
        self.children, self._servers = {}, []
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def empty(self) -> None:
        """A database as after the first migrations, made anew from a copy that is kept beside it; and an empty broker."""
        self._say_to_valkey(b"FLUSHALL")
        with self.postgres.connect("postgres") as connection:
            found = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [BLANK]
            ).fetchone()
            current = bool(found) and found[0] == _mark()
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            connection.execute(
                f"CREATE DATABASE {DATABASE} OWNER {LOGIN_ROLE} TEMPLATE {BLANK if current else 'template1'}"
            )
        if not current:
            blank.fill(self.postgres, DATABASE, migrate=self._migrate)
            with self.postgres.connect("postgres") as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {BLANK}")
                connection.execute(f"CREATE DATABASE {BLANK} OWNER {LOGIN_ROLE} TEMPLATE {DATABASE}")
                connection.execute(f"COMMENT ON DATABASE {BLANK} IS '{_mark()}'")
        upkeep.remember(self.environ["DATABASE_URL"])

    def _migrate(self) -> None:
        report.say("migrating ...")
        self.manage("migrate", "--no-input", role="owner")
        upkeep.remember(self.environ["DATABASE_URL"])

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """The database, as the superuser: row-level security does not hide anything from a referee."""
        return self.postgres.connect(DATABASE)

    # --- the processes --------------------------------------------------------------------------------------------------

    def start(self, *names: str, environ: dict[str, str] | None = None) -> None:
        """Start services by the name that posthouse/up/processes.py gives them, as `up` starts them."""
        known = {service.name: service for service in processes.all_of(self.environ, sandbox=True)}
        for name in names:
            self.children[name] = processes.child(
                known[name], logs=self.here.logs, environ=self.environ | (environ or {})
            )
            self.children[name].start()

    def start_command(
        self, name: str, *arguments: str, role: str = "app", environ: dict[str, str] | None = None
    ) -> Child:
        """Start `manage.py ...` as a process of its own, under a name of its own (a second relay, say)."""
        service = processes.Service(name, tuple(command(*arguments)), role=role)
        child = processes.child(service, logs=self.here.logs, environ=self.environ | (environ or {}))
        self.children[name] = child
        child.start()
        return child

    def stop(self, *names: str) -> None:
        children.stop([self.children.pop(name) for name in names])

    def manage(self, *arguments: str, role: str = "app", check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run one chore to its end. Raises RuntimeError with its last words when `check` and it failed."""
        return self._run(command(*arguments), role=role, check=check)

    def script(self, path: Path, *arguments: str, role: str = "app") -> dict[str, object]:
        """Run a Python program that ends with one line of JSON on standard output, and give that back."""
        done = self._run(
            [sys.executable, "-m", ".".join(path.relative_to(CHECKOUT).with_suffix("").parts), *arguments], role=role
        )
        answer: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer

    def _run(self, line: list[str], *, role: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            line,
            env={**self.environ, "POSTHOUSE_ROLE": role},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
            raise RuntimeError(f"{' '.join(line[1:])} ended with {done.returncode}:\n{last}")
        return done

    # --- waiting --------------------------------------------------------------------------------------------------------

    def wait_for_port(self, offset: int, *, host: str = "127.0.0.1", within: float = WITHIN) -> None:
        """Until something listens on PORT + offset."""
        wait_until(lambda: listens(host, self.port + offset), within=within, what=f"port {self.port + offset} answers")

    def logs(self, name: str, lines: int = 15) -> str:
        path = self.here.logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def _say_to_valkey(self, word: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.valkey.socket))
            line.sendall(word + b"\r\n")
            line.recv(64)


NOT_OURS = {
    *("DATABASE_URL_FILE", "BROKER_URL_FILE", "SECRET_KEY_FILE", "SANDBOX_OPTIONS"),
    *("DATABASE_URL", "BROKER_URL", "CACHE_URL", "SECRET_KEY", "BASE_URL", "LINK_URL", "HITS_PORT", "MAILROOM_PORT"),
    *("POSTHOUSE_ROLE", "HOUSE_DOMAIN", "RELAY_SMTP_PORT", "RELAY_RESOLVER", "DEBUG", "DJANGO_SETTINGS_MODULE", "HOST"),
}


@contextlib.contextmanager
def private(name: str = "bench", *, environ: dict[str, str] | None = None, keep: bool = True) -> Iterator[House]:
    """An open house under var/NAME. `keep`: its servers' data stay, so that the next time need not make them."""
    var = CHECKOUT / "var" / name
    house = House(var, environ=environ)
    try:
        with house:
            yield house
    finally:
        if not keep:
            forget(house)


def forget(house: House) -> None:
    """Delete everything of a house that was closed."""
    for directory in {house.here.var, house.here.servers, house.here.sockets or house.here.var}:
        shutil.rmtree(directory, ignore_errors=True)


def command(*arguments: str) -> list[str]:
    """The command line of `manage.py ...`."""
    return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]


def free_ports(first: int) -> int:
    """A PORT from `first` on, with all the ports that are counted from it free."""
    for port in range(first, ports.LARGEST - 10, 20):
        if not any(_taken(port + offset, kind) for offset, (_, kinds) in ports.OFFSETS.items() for kind in kinds):
            return port
    raise RuntimeError("No free ports.")


def _taken(port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as candidate:
        try:
            candidate.bind(("0.0.0.0", port))  # noqa: S104  (finds a listener on any address; closed at once)
        except OSError:
            return True
    return False


def listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def get(port: int, path: str, *, host: str = "127.0.0.1", timeout: float = 5) -> tuple[int, bytes]:
    """The status and body of one GET; (0, b"") when nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def wait_until(holds: Callable[[], object], *, within: float, what: str, every: float = 0.05) -> float:
    """Seconds until it holds. Raises TimeoutError with `what` was waited for."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise TimeoutError(f"Waited {within:.0f} s in vain until {what}.")
        time.sleep(every)
    return time.monotonic() - began


def kill(child: Child) -> int:
    """kill -9 of the process and of everybody that it started. Returns its process id."""
    process = _process(child)
    family = [process.pid, *descendants(process.pid)]
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return process.pid


def descendants(pid: int) -> list[int]:
    """The processes below one, as /proc tells it; PostgreSQL's are in sessions of their own, so no group holds them."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _process(child: Child) -> "subprocess.Popen[bytes]":
    assert child.process is not None
    return child.process


def _mark() -> str:
    return f"blank {blank.digest()}"
