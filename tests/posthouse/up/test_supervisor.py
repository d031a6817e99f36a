"""`manage.py up` as a person starts it: it comes up, mends what dies, says what is wrong, and leaves nobody behind.

One Posthouse is started for the whole file, with an empty `var`, on ports of its own. The tests run in the order of its life.
"""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from posthouse.up import places, ports, supervisor
from posthouse.up.errors import CannotStart
from posthouse.up.places import CHECKOUT
from tests.database import MIGRATED
from tests.posthouse.up.places_of import own_places, own_var

FIRST_START_WITHIN = 90.0  # seconds, with migrations, while other tests run beside
AGAIN_WITHIN = 60.0  # seconds, beside other tests; the 10 s that are promised are measured on a quiet computer by bench
PROCESSES = {"web", "hits", "worker", "bulk", "beat", "relay", "mailroom", "sandbox"}


class Up:
    """A `manage.py up`, and what it prints."""

    def __init__(self, var: Path, port: int, **environ: str) -> None:
        self.var, self.port = var, port
        self.began = time.monotonic()
        clean = {name: value for name, value in os.environ.items() if name not in HIDDEN}
        self.output = var.parent / f"output-{time.monotonic_ns()}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(CHECKOUT / "manage.py"), "up"],
                env={**clean, "VAR_DIR": str(var), "PORT": str(port), "PYTHONUTF8": "1", "DEMO": "0", **environ},
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                # A test run in the background has Ctrl-C ignored, and would hand that down.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def __enter__(self) -> "Up":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str, within: float) -> float:
        until = self.began + within
        while words not in self.said():
            assert self.process.poll() is None, f"it ended:\n{self.said()}"
            assert time.monotonic() < until, f"no {words!r} within {within} s:\n{self.said()}"
            time.sleep(0.05)
        return time.monotonic() - self.began

    def health(self) -> dict[str, bool]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return json.load(answer)["parts"]
        except urllib.error.HTTPError as error:
            return json.load(error)["parts"]
        except OSError:  # nobody there, or too busy
            return {"web": False}

    def members(self) -> dict[str, int]:
        """The processes that it started, by name: pid."""
        found = {}
        for child in children_of(self.process.pid):
            try:
                environ = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
                comm = Path(f"/proc/{child}/comm").read_text().strip()
            except OSError:  # it died while we looked
                continue
            name = next((part.partition(b"=")[2] for part in environ if part.startswith(b"POSTHOUSE_PROCESS=")), b"")
            if environ != [b""]:  # of a zombie nothing is left to read
                found[name.decode() or comm] = child
        return found


HIDDEN = {
    "DATABASE_URL",
    "BROKER_URL",
    "SECRET_KEY",
    "POSTHOUSE_ROLE",
    "DJANGO_SETTINGS_MODULE",
    "SANDBOX",
    "DEBUG",
    "VAR_DIR",
}


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def everybody_of(var: Path) -> list[int]:
    """Every process that has to do with this `var`, by its environment or its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if os.fsencode(var) in (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def eventually(true: Callable[[], object], within: float, what: str) -> None:
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.1)


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    with own_var() as var:
        var.parent.mkdir(exist_ok=True)
        yield var
        for pid in everybody_of(var):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def port() -> int:
    for candidate in range(24000 + os.getpid() % 800 * 10, 32700, 10):  # not where another run begins
        try:
            ports.check(ports.needed({"PORT": str(candidate)}, sandbox=True))
        except CannotStart:
            continue
        return candidate
    raise AssertionError("no free ports")


@pytest.fixture(scope="module")
def up(var: Path, port: int) -> Iterator[Up]:
    with Up(var, port) as running:
        running.wait_for("Open http://localhost", FIRST_START_WITHIN)
        yield running


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def test_it_comes_up_and_says_where_to_look(up: Up, port: int) -> None:
    assert f"Open http://localhost:{port}  (sandbox: nothing leaves this computer)" in up.said()
    eventually(lambda: all(up.health().values()), 30, f"not healthy: {up.health()}")
    assert set(up.health()) == {"web", "database", "broker", "worker", "relay", "mailroom"}
    assert set(up.members()) >= PROCESSES


def test_servers_do_not_run_as_root(up: Up) -> None:
    for name in ("postgres", "valkey-server", "redis-server"):
        if pid := up.members().get(name):
            assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_second_one_says_that_it_runs(up: Up, var: Path, port: int) -> None:
    second = Up(var, port)
    assert second.process.wait(20) == 1
    assert second.said().strip() == (
        f"Posthouse cannot start. Posthouse is already running here (process {up.process.pid}): http://localhost:{port}"
    )


def test_another_checkout_is_told_that_the_port_is_taken(up: Up, port: int) -> None:
    with own_var() as elsewhere:
        elsewhere.parent.mkdir(exist_ok=True)
        other = Up(elsewhere, port)
        assert other.process.wait(20) == 1
        assert f"Port {port} (web) is taken by another program." in other.said()
        assert len(other.said().strip().splitlines()) == 1


def test_another_terminal_reaches_it(up: Up, var: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    code = "from django.conf import settings; from django.db import connection as c; c.ensure_connection(); print(settings.PORT)"
    answer = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "shell", "--no-imports", "-c", code],
        env={**clean, "VAR_DIR": str(var)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.strip() == str(up.port), answer.stderr


@pytest.mark.parametrize("name", ["relay", "worker", "bulk", "web"])
def test_who_dies_is_started_again(up: Up, name: str) -> None:
    before = up.members()[name]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: up.members().get(name, before) != before, 10, f"{name} stayed dead")
    assert f"{name} killed by SIGKILL; starting it again" in up.said()
    eventually(lambda: answers(up) and all(up.health().values()), 30, f"not healthy after {name} died")


def answers(up: Up) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", up.port)) == 0


def test_postgresql_is_started_again_and_everybody_finds_it(up: Up) -> None:
    os.kill(up.members()["postgres"], signal.SIGKILL)
    eventually(lambda: "postgres killed by SIGKILL" in up.said(), 5, "nobody noticed")
    eventually(lambda: answers(up) and all(up.health().values()), 60, f"not healthy again: {up.said()}")


def test_sigterm_stops_everybody(up: Up, var: Path) -> None:
    up.process.terminate()
    assert up.process.wait(60) == 0
    assert "Stopped." in up.said()
    assert "Killed" not in up.said()
    assert everybody_of(var) == []
    assert not (var / "run.json").exists()


def test_it_starts_again_and_asks_nothing_twice(up: Up, var: Path, port: int) -> None:
    assert up.process.poll() is not None
    with Up(var, port) as again:
        again.wait_for("Open http://localhost", AGAIN_WITHIN)
        assert "Bringing the database up to date" not in again.said()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(120) == 0


def test_the_next_one_takes_over_from_one_that_was_killed(up: Up, var: Path, port: int) -> None:
    with Up(var, port) as killed:
        killed.wait_for("Open http://localhost", AGAIN_WITHIN)
        killed.process.kill()
        killed.process.wait()
    assert (var / "run.json").exists()
    with Up(var, port) as again:  # at once: what is left of the former is still ending
        again.wait_for("Open http://localhost", AGAIN_WITHIN)
        again.process.kill()
        again.process.wait()
    eventually(lambda: everybody_of(var) == [], 40, f"orphans: {everybody_of(var)}")


def test_a_full_disk_is_said_once_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_var() as elsewhere:
        here, said = own_places(elsewhere), io.StringIO()
        running = supervisor.Supervisor({}, out=said)
        monkeypatch.setattr(places, "LEAST_FREE_BYTES", 2**62)
        running._tidy(here, [])
        running._tidy(here, [])
        assert said.getvalue().count("The disk is full") == 1
        monkeypatch.undo()
        running._tidy(here, [])
        assert running.warned == ""


def test_a_server_of_ones_own_is_used(up: Up, var: Path, port: int, django_db_setup: None) -> None:
    """With DATABASE_URL and BROKER_URL nothing private is started. (The tests' own servers play the part.)"""
    database = settings.DATABASES["default"]
    name = f"{database['TEST']['NAME']}_own"
    admin = f"dbname=postgres user={database['USER']} host={database['HOST']}"
    with psycopg.connect(admin, autocommit=True) as owner:
        owner.execute(f"DROP DATABASE IF EXISTS {name}")
        owner.execute(f"CREATE DATABASE {name} TEMPLATE {MIGRATED}")
    url = f"postgresql://{database['USER']}@/{name}?host={database['HOST']}"
    with own_var() as elsewhere:
        elsewhere.parent.mkdir(exist_ok=True)
        broker_url = settings.BROKER_URL + "?virtual_host=7"
        with Up(elsewhere, port, DEMO="1", DATABASE_URL=url, BROKER_URL=broker_url) as own:
            own.wait_for("Open http://localhost", FIRST_START_WITHIN)
            assert "PostgreSQL of DATABASE_URL" in own.said()
            assert "Seeding the demo" not in own.said(), "a database of one's own is not filled with inventions"
            assert not {"postgres", "valkey-server", "redis-server"} & set(own.members())
            assert not (elsewhere / "postgres").exists()
    with psycopg.connect(admin, autocommit=True) as owner:
        owner.execute(f"DROP DATABASE {name}")
