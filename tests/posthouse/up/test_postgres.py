"""The private PostgreSQL, of both kinds, as it is made, started, killed and started again."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from posthouse.up import binaries, children
from posthouse.up.errors import CannotStart
from posthouse.up.postgres import Postgres
from tests.posthouse.up.places_of import own_places, own_var


@pytest.fixture(params=binaries.KINDS)
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with own_var() as var:
        here = own_places(var)
        try:
            programs = binaries.postgres(here, (request.param,))
        except CannotStart as trouble:
            pytest.skip(str(trouble))
        yield Postgres(binaries.within_reach(programs, here), here, {"fsync": "off"})


@pytest.fixture
def child(postgres: Postgres) -> Iterator[children.Child]:
    running = postgres.child()
    yield running
    children.stop([running])


def start(postgres: Postgres, child: children.Child) -> None:
    postgres.prepare()
    child.start()
    assert child.process is not None
    postgres.wait_until_ready(child.process)


def ask(postgres: Postgres, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(postgres.url()) as connection:
        return connection.execute(query).fetchall()


def test_it_gives_posthouse_a_role_without_power_and_a_database(postgres: Postgres, child: children.Child) -> None:
    start(postgres, child)
    postgres.furnish()
    postgres.furnish()  # a second time changes nothing
    assert ask(
        postgres,
        "SELECT rolsuper, rolbypassrls, rolinherit, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
    ) == [(False, False, False, True, True)]
    assert ask(
        postgres, "SELECT extname::text FROM pg_extension WHERE extname IN ('citext', 'pg_trgm') ORDER BY 1"
    ) == [
        ("citext",),
        ("pg_trgm",),
    ]
    # Every alphabet folds its case, and the order is the same on every computer.
    assert ask(postgres, "SELECT lower('ÉÑŻ Ж'), 'a' < 'B'") == [("éñż ж", False)]
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE ours (id int)")
        connection.execute("CREATE DATABASE test_ours")
    with psycopg.connect(postgres.url("test_ours"), autocommit=True) as connection:
        connection.execute("CREATE TABLE ours (id int, name citext)")


def test_nobody_else_can_reach_it(postgres: Postgres, child: children.Child) -> None:
    start(postgres, child)
    postgres.furnish()
    assert ask(postgres, "SHOW listen_addresses") == [("",)]
    assert postgres.places.postgres_socket.stat().st_mode & 0o777 == 0o700
    assert postgres.places.postgres_data.stat().st_mode & 0o777 == 0o700
    assert child.process is not None
    status = Path(f"/proc/{child.process.pid}/status").read_text()
    assert f"Uid:\t{postgres.places.account.uid}\t" in status
    assert postgres.places.account.uid != 0


def test_what_was_committed_outlives_kill_9(postgres: Postgres, child: children.Child) -> None:
    start(postgres, child)
    postgres.furnish()
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert child.process is not None
        os.kill(child.process.pid, signal.SIGKILL)
        child.process.wait()
    assert postgres.places.postgres_data.joinpath("postmaster.pid").exists()
    child.end_group()
    start(postgres, child)
    assert ask(postgres, "SELECT answer FROM kept") == [(42,)]


def test_a_pid_file_that_names_another_program_is_stale(postgres: Postgres, child: children.Child) -> None:
    start(postgres, child)
    children.stop([child])
    with subprocess.Popen(["sleep", "60"]) as somebody:
        pid_file = postgres.places.postgres_data / "postmaster.pid"
        pid_file.write_text(f"{somebody.pid}\n{postgres.places.postgres_data}\n0\n5432\n\n\n")
        start(postgres, child)
        assert somebody.poll() is None, "the other program is left alone"
        somebody.kill()


def test_a_server_that_was_left_behind_is_stopped(postgres: Postgres, child: children.Child) -> None:
    postgres.prepare()
    left = children.spawn(
        postgres.command(),
        log=postgres.log,
        environ=postgres.environ(),
        account=postgres.places.account,
        outlives_us=True,
    )
    postgres.wait_until_ready(left)
    import threading

    threading.Thread(target=left.wait, daemon=True).start()  # a real one would be init's child
    start(postgres, child)
    assert left.wait(5) == 0
    postgres.furnish()
    assert ask(postgres, "SELECT 1") == [(1,)]


def test_data_that_were_half_made_are_made_again(postgres: Postgres, child: children.Child) -> None:
    postgres.prepare()
    (postgres.places.postgres_data / "PG_VERSION").unlink()
    start(postgres, child)
    postgres.furnish()
    assert ask(postgres, "SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("FATAL:  could not write lock file: No space left on device", "The disk is full"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "too little memory"),
        ("FATAL:  pre-existing shared memory block (key 1) is still in use", "Try again in a few seconds"),
        ("FATAL:  something new", "something new. See "),
    ],
)
def test_trouble_is_one_line_that_says_what_to_do(said: str, line: str) -> None:
    with own_var() as var:
        here = own_places(var)
        postgres = Postgres(binaries.postgres(here, ("wheels",)), here)
        postgres.log.write_text(said + "\n")
        trouble = str(postgres.trouble("PostgreSQL did not start"))
    assert line in trouble
    assert "\n" not in trouble
