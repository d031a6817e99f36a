"""Brings the database up to date before the processes need it: migrations, then the demo; skipped when nothing changed.

What was done last is a digest in the comment of the database itself, so that it is restored, copied and dropped with the
data it speaks of. Asking for it takes milliseconds; asking Django takes two seconds.
"""

import hashlib
from pathlib import Path

import psycopg
from psycopg import sql

from posthouse.up import processes
from posthouse.up.children import Child
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
    return row is not None and row[0] == f"{WORDS} {digest()}"


def migration(environ: dict[str, str], *, log: Path) -> Child:
    """The chore that brings the tables up to date, as their owner."""
    return processes.chore("migrate", "--no-input", "--skip-checks", environ=environ, role="owner", log=log)


def seeding(environ: dict[str, str], *, log: Path) -> Child:
    """The chore that fills an empty database with the demo."""
    return processes.chore("demo", "--if-empty", environ=environ, role="app", log=log)


def remember(database_url: str) -> None:
    """Write down that all is done. Only the owner of the database may; for others it is asked again next time."""
    try:
        with psycopg.connect(database_url, connect_timeout=10, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(f"{WORDS} {digest()}")))
    except psycopg.Error:
        return
