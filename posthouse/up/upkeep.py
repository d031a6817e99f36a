"""Brings the database up to date before the processes need it: migrations, then the demo; skipped when nothing changed.

What was done last is a digest in the comment of the database itself, so that it is restored, copied and dropped with the
data it speaks of. Asking for it takes milliseconds; asking Django takes two seconds.
"""

import hashlib
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from posthouse.up import logs, services
from posthouse.up.errors import CannotStart
from posthouse.up.places import CHECKOUT

WORDS = "posthouse is up to date with"


def digest(checkout: Path = CHECKOUT) -> str:
    """Changes with every migration that is added or renamed and with the lock (other people's migrations come with it)."""
    names = sorted(str(path.relative_to(checkout)) for path in checkout.glob("*/migrations/*.py"))
    lock = checkout / "requirements.txt"
    content = "\n".join(names).encode() + (lock.read_bytes() if lock.exists() else b"")
    return hashlib.sha256(content).hexdigest()[:16]


def is_current(database_url: str) -> bool:
    """Whether the database says that it is up to date. Raises CannotStart when it cannot be reached."""
    try:
        with psycopg.connect(database_url, connect_timeout=10, autocommit=True) as connection:
            row = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            ).fetchone()
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise CannotStart(f"The database does not answer: {reason}. Check DATABASE_URL.") from error
    return bool(row) and row[0] == f"{WORDS} {digest()}"


def bring_up_to_date(environ: dict[str, str], *, log: Path) -> None:
    """Run the migrations as the owner of the tables. Raises CannotStart with the reason."""
    _run(["migrate", "--no-input", "--verbosity", "1"], environ, log=log, role="owner", what="The migrations failed")


def seed(environ: dict[str, str], *, log: Path) -> None:
    """Fill an empty database with the demo."""
    _run(["demo", "--if-empty"], environ, log=log, role="app", what="The demo could not be seeded")


def remember(database_url: str) -> None:
    """Write down that all is done. Only the owner of the database may; for others it is asked again next time."""
    try:
        with psycopg.connect(database_url, connect_timeout=10, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(f"{WORDS} {digest()}")))
    except psycopg.Error:
        return


def _run(arguments: list[str], environ: dict[str, str], *, log: Path, role: str, what: str) -> None:
    began = logs.size(log)
    with log.open("ab") as output:
        result = subprocess.run(
            services.manage(*arguments),
            env={**environ, "POSTHOUSE_ROLE": role},
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        last = logs.tail(log, lines=1, since=began)
        raise CannotStart(f"{what}: {last} See {log}")
