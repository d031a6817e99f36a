"""A database with all migrations and without a row, kept as SQL under var/blank, so that only the first server migrates."""

import fcntl
import hashlib
import subprocess
from collections.abc import Callable

from posthouse.up.places import CHECKOUT
from posthouse.up.postgres import SUPERUSER, Postgres

KEPT = CHECKOUT / "var" / "blank"


def digest() -> str:
    """Changes with every migration, with what ours call, and with the libraries that bring theirs."""
    sources = [*sorted(CHECKOUT.glob("*/migrations/*.py")), CHECKOUT / "accounts" / "row_security.py"]
    said = b"".join(path.name.encode() + path.read_bytes() for path in [*sources, CHECKOUT / "requirements.txt"])
    return hashlib.sha256(said).hexdigest()[:16]


def fill(postgres: Postgres, database: str, *, migrate: Callable[[], None]) -> None:
    """Bring an empty database up to date: from the copy, or by `migrate`, of which the copy is made. One at a time.

    The copy is of one major version of PostgreSQL, and knows roles, grants and row-level security.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    copy = KEPT / f"{postgres.programs.major}-{digest()}.sql"
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if copy.exists():
            _run(postgres, "psql", "--quiet", "--no-psqlrc", f"--dbname={database}", f"--file={copy}")
            return
        migrate()
        for former in KEPT.glob("*.sql"):
            former.unlink()
        roles = _run(
            postgres, "pg_dumpall", "--roles-only", "--no-role-passwords"
        )  # some are there: psql says so, goes on
        half = copy.with_suffix(".half")
        half.write_text(f"{roles}\n\\set ON_ERROR_STOP on\n{_run(postgres, 'pg_dump', database)}", encoding="utf-8")
        half.rename(copy)


def _run(postgres: Postgres, program: str, *arguments: str) -> str:
    """One of PostgreSQL's programs on this server, as the superuser. Raises RuntimeError with its last words."""
    host = f"--host={postgres.places.postgres_socket}"
    done = subprocess.run(
        [postgres.programs.path(program), host, f"--username={SUPERUSER}", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout
