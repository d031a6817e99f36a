"""`doctor`: says what `up` would use and what stands in its way, and starts nothing."""

import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar

from posthouse.up import account, binaries, places, ports, supervisor, surroundings, upkeep
from posthouse.up.errors import CannotStart

LEAST_PYTHON = (3, 11)
Found = TypeVar("Found")


def examine(environ: dict[str, str]) -> int:
    """Print one line for each thing that matters; 1 when one of them keeps Posthouse from starting."""
    environ = surroundings.read_files(environ)
    report = Report()
    report.line("Python", _python)
    report.line("packages", _packages)
    sandbox = surroundings.is_sandbox(environ)
    report.line(
        "sandbox", lambda: "on: nothing leaves this computer" if sandbox else "OFF: mail goes out into the world"
    )
    identity = report.line(
        "servers' account", lambda: account.for_servers(places.CHECKOUT), show=lambda found: found.name
    )
    if identity is None:
        return report.end()
    here = report.line(
        "data",
        lambda: places.choose(surroundings.var_directory(environ), identity),
        show=lambda found: str(found.servers),
    )
    if here is None:
        return report.end()
    for note in here.notes:
        print(f"       {note}")
    report.line("disk", lambda: _disk(here))
    kinds = report.line("kind of servers", lambda: binaries.wanted_kinds(environ), show=" or ".join)
    if kinds:
        if environ.get("DATABASE_URL"):
            report.line("PostgreSQL", lambda: _own_database(environ["DATABASE_URL"]))
        else:
            report.line("PostgreSQL", lambda: binaries.postgres(here, kinds), show=_programs)
        if environ.get("BROKER_URL"):
            report.line("broker", lambda: "that of BROKER_URL")
        else:
            report.line("Valkey", lambda: binaries.valkey(kinds), show=_programs)
    running = report.line("running", lambda: _running(here))
    if running == "no":
        report.line("ports", lambda: _ports(environ, sandbox=sandbox))
    return report.end()


class Report:
    """Lines for the terminal, and whether one of them was bad news."""

    def __init__(self) -> None:
        self.bad = 0

    def line(self, name: str, look: Callable[[], Found], show: Callable[[Found], str] = str) -> Found | None:
        try:
            found = look()
        except CannotStart as trouble:
            self.bad += 1
            print(f"  BAD  {name}: {trouble}")
            return None
        print(f"  ok   {name}: {show(found)}")
        return found

    def end(self) -> int:
        print(
            "Nothing stands in the way: `make run`."
            if not self.bad
            else f"{self.bad} to mend before `make run` can work."
        )
        return 1 if self.bad else 0


def _python() -> str:
    if sys.version_info < LEAST_PYTHON:
        raise CannotStart(f"{platform.python_version()} is too old; Posthouse needs 3.11 or newer.")
    return f"{platform.python_version()} ({sys.executable})"


def _packages() -> str:
    missing = [name for name in ("django", "psycopg", "celery", "granian", "redis") if find_spec(name) is None]
    if missing:
        raise CannotStart(f"{', '.join(missing)} missing. Run `make venv` and start with `make run`.")
    return "there"


def _disk(here: places.Places) -> str:
    places.check_space(here)
    return "enough room"


def _own_database(url: str) -> str:
    return "that of DATABASE_URL, " + ("up to date" if upkeep.is_current(url) else "to be migrated at the next start")


def _programs(found: binaries.Programs) -> str:
    return f"{found.version} ({'the system' if found.kind == 'system' else 'wheel'}, {found.directory})"


def _running(here: places.Places) -> str:
    try:
        supervisor.hold(here).close()
    except CannotStart as trouble:
        if "already running" not in str(trouble):
            raise
        return str(trouble)
    return "no"


def _ports(environ: dict[str, str], *, sandbox: bool) -> str:
    needs = ports.needed(environ, sandbox=sandbox)
    ports.check(needs)
    return "free: " + ", ".join(f"{need.port} {need.part}" for need in needs)
