"""The test database: made by the owner, used as `posthouse_app`, so that every test meets row-level security.

A role that is chosen at connect is what RESET ROLE goes back to, so the owner's own work (flushing between tests that
commit, dropping the database) says SET ROLE NONE, which means the login role.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test.utils import setup_databases, teardown_databases

from posthouse.up.places import CHECKOUT

APP_ROLE = "posthouse_app"
KEPT_TABLES = ("django_migrations", "django_content_type", "auth_permission")


def connect_as(role: str) -> None:
    """Every connection from now on, in every thread, is made under this role ("" is the login role)."""
    options: dict[str, Any] = settings.DATABASES["default"]["OPTIONS"]
    options.pop("options", None)
    if role:
        options["options"] = f"-c role={role}"
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


def turn_everybody_out() -> None:
    """End the sessions that a thread or a daemon of a test left in the test database: it could not be dropped."""
    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"], user=database["USER"], dbname="postgres", autocommit=True
    ) as administration:
        administration.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = ANY(%s) AND usename = current_user AND pid <> pg_backend_pid()",
            [[database["TEST"]["NAME"]]],
        )


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
        made = setup_databases(
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


def _flush(self: DatabaseOperations, sql_list: list[str]) -> None:
    """In the place of Django's: only the owner may truncate, and tables without a model are emptied as well."""
    with as_owner(), self.connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%%I', relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> ALL(%s)",
            [list(KEPT_TABLES)],
        )
        tables = ", ".join(name for (name,) in cursor.fetchall())
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY")


@pytest.fixture(autouse=True, scope="session")
def _flush_as_owner() -> Iterator[None]:
    original = DatabaseOperations.execute_sql_flush
    DatabaseOperations.execute_sql_flush = _flush  # type: ignore[method-assign]
    yield
    DatabaseOperations.execute_sql_flush = original  # type: ignore[method-assign]
