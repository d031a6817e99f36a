"""The test database: made by the owner, used as `posthouse_app`, so that every test meets row-level security.

It is a copy of one that has all migrations and is kept under var/test until one of them changes.

A role that is chosen at connect is what RESET ROLE goes back to, so the owner's own work (dropping the database) says SET
ROLE NONE, which means the login role.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import psycopg
import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connection, connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test.utils import setup_databases, teardown_databases

from bench import blank
from posthouse.up.places import CHECKOUT
from posthouse.up.postgres import SUPERUSER
from tests.servers import Servers

APP_ROLE = "posthouse_app"
MIGRATED = "posthouse_migrated"
KEPT_TABLES = ("django_migrations", "django_content_type", "auth_permission")


def connect_as(role: str) -> None:
    """Every connection from now on, in every thread, is made under this role ("" is the login role)."""
    options: dict[str, Any] = settings.DATABASES["default"]["OPTIONS"]
    options.pop("options", None)
    if role:
        options["options"] = f"-c jit=off -c role={role}"
    for existing in connections.all(initialized_only=True):
        existing.settings_dict["OPTIONS"] = options
        existing.close()


def claim(name: str) -> IO[str]:
    """Hold the test database for this run: two runs would empty it beneath each other."""
    lock = (CHECKOUT / "var" / "test" / f"{name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pytest.exit(f"Another run uses the database {name}. Wait for it, or choose another: POSTHOUSE_TEST_DB=mine", 3)
    return lock


def administration() -> "psycopg.Connection[tuple[Any, ...]]":
    database = settings.DATABASES["default"]
    return psycopg.connect(host=database["HOST"], user=database["USER"], dbname="postgres", autocommit=True)


def turn_everybody_out() -> None:
    """End the sessions that a thread or a daemon of a test left in the test database: it could not be dropped."""
    with administration() as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = ANY(%s) AND usename = current_user AND pid <> pg_backend_pid()",
            [[settings.DATABASES["default"]["TEST"]["NAME"]]],
        )


def set_up(**options: Any) -> Any:
    """Make the test database. One run at a time, for nobody may change what another one copies."""
    test = settings.DATABASES["default"]["TEST"]
    with (CHECKOUT / "var" / "test" / f"{MIGRATED}.lock").open("w") as lock, administration() as server:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [MIGRATED]
        ).fetchone()
        mark = blank.digest()
        if said is None or said[0] != mark:
            server.execute(f"DROP DATABASE IF EXISTS {MIGRATED} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {MIGRATED}")
            blank.fill(Servers().postgres, MIGRATED, migrate=lambda: migrate(options))
            server.execute(f"COMMENT ON DATABASE {MIGRATED} IS '{mark}'")
        test["TEMPLATE"] = MIGRATED
        return setup_databases(**options)


def migrate(options: dict[str, Any]) -> None:
    """Do all migrations in the database from which the test databases are copied."""
    test = settings.DATABASES["default"]["TEST"]
    name, test["NAME"] = test["NAME"], MIGRATED
    ((migrated, before, _),) = setup_databases(**options | {"keepdb": True})
    migrated.close()
    migrated.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = before
    test["NAME"] = name


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    keep = django_db_keepdb and not django_db_createdb
    lock = claim(settings.DATABASES["default"]["TEST"]["NAME"])
    with django_db_blocker.unblock():
        connect_as("")
        made = set_up(
            verbosity=max(0, request.config.option.verbose - 1),
            interactive=False,
            keepdb=keep,
            serialized_aliases=set(),
        )
        connect_as(APP_ROLE)
    yield
    with django_db_blocker.unblock():
        connect_as("")
        if not keep:
            turn_everybody_out()
            teardown_databases(made, verbosity=0)
    lock.close()


@contextmanager
def as_owner() -> Iterator[None]:
    """Work as the login role on this thread's connection, outside of both walls' roles (FORCE still binds it)."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {APP_ROLE}")


EMPTY = """
DO $$
DECLARE
    kept CONSTANT name[] := ARRAY[{kept}];
    one record;
BEGIN
    SET LOCAL session_replication_role = replica;  -- all rows go, so no foreign key is in the way
    FOR one IN SELECT oid::regclass AS name, pg_relation_size(oid) AS octets FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL (kept) AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format(CASE WHEN one.octets < 1000000 THEN 'DELETE FROM %s' ELSE 'TRUNCATE %s CASCADE' END, one.name);
    END LOOP;
    PERFORM setval(counter.seqrelid, counter.seqstart, false) FROM pg_sequence AS counter
        JOIN pg_depend AS owned ON owned.classid = 'pg_class'::regclass AND owned.objid = counter.seqrelid
        JOIN pg_class AS counted ON counted.oid = owned.refobjid
        WHERE owned.deptype IN ('a', 'i') AND counted.relnamespace = 'public'::regnamespace
            AND counted.relname <> ALL (kept) AND pg_sequence_last_value(counter.seqrelid) IS NOT NULL;
END $$""".format(kept=", ".join(f"'{name}'" for name in KEPT_TABLES))
AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND xact_start IS NOT NULL"
)
DONE_WITHIN = 10.0  # seconds that a request of a page that was closed may go on


def _flush(self: DatabaseOperations, sql_list: list[str]) -> None:
    """In the place of Django's TRUNCATE, which makes the files of all tables anew, for three rows in five of them.

    By the superuser, whom row-level security does not bind; tables without a model are emptied as well, and the numbers
    begin at 1 again. Whoever is in the middle of something, such as the server of a page that was closed, ends it before.
    """
    found = settings.DATABASES["default"]
    login = {"host": found["HOST"], "dbname": self.connection.settings_dict["NAME"], "user": SUPERUSER}
    with psycopg.connect(**login, autocommit=True) as server:
        until = time.monotonic() + DONE_WITHIN
        while server.execute(AT_WORK).fetchone() != (0,) and time.monotonic() < until:
            time.sleep(0.01)
        server.execute(EMPTY)


@pytest.fixture(autouse=True, scope="session")
def _flush_as_superuser() -> Iterator[None]:
    """What is done after migrations (content types, permissions) stays, so that it need not be done after each test."""
    execute, announce = DatabaseOperations.execute_sql_flush, flush.emit_post_migrate_signal
    DatabaseOperations.execute_sql_flush = _flush  # type: ignore[method-assign]
    flush.emit_post_migrate_signal = lambda *_: None
    yield
    DatabaseOperations.execute_sql_flush, flush.emit_post_migrate_signal = execute, announce  # type: ignore[method-assign]
