"""Real relay processes obey operators within a second: two of them, and with their lines to the database cut meanwhile."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from accounts.models import Organization
from sending.actions import rulings
from sending.actions.rulings import Author, Scope
from sending.enums import DeliveryState
from tests.sending.adapters.town import Town, build
from tests.sending.management.commands.test_relay import CHECKOUT, environ, names, start, until

OSKAR = Author("Oskar")
CONVERSATION = 0.4  # seconds that a message of the slow receiver is in conversation
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[tuple[int, int, Path]]:
    accepted = tmp_path / "accepted"
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("receiver.py")), str(accepted)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    dns, smtp = map(int, program.stdout.readline().split())
    yield dns, smtp, accepted
    program.kill()
    program.wait()


def cut_lines(town: Town) -> None:
    """What relays see of a database that restarts: every line is gone at once."""
    with psycopg.connect(town.dsn, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")  # whoever may end lines is the login role
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE 'posthouse relay%'"
        )


def hold(organization: Organization, **scope: object) -> int:
    scope = scope or {"organization": organization}
    return rulings.hold(
        scope=Scope(**scope),  # type: ignore[arg-type]
        reason="of the test",
        lasting=timedelta(hours=1),
        author=OSKAR,
    ).pk


def times(accepted: Path) -> list[float]:
    """When each message arrived."""
    return [float(line) for line in accepted.with_suffix(".times").read_text().split()]


def all_back(town: Town) -> bool:
    return DeliveryState.SENDING not in town.states()


def command(*words: str) -> str:
    """`manage.py rulings` as an operator types it, in a process and a role of its own."""
    surroundings = {name: value for name, value in environ().items() if name != "POSTHOUSE_ROLE"}
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "rulings", *words],
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_relays_obey_within_a_second_and_go_on(organization: Organization, receiver: tuple[int, int, Path]) -> None:
    town = build(organization, people=250)
    relays = [start(receiver[0], receiver[1]) for _ in range(2)]
    try:
        until(lambda: len(names(receiver[2])) > 20)
        number = hold(organization)
        at = time.time()
        until(lambda: all_back(town), within=5)
        time.sleep(1.5)
        stopped = len(names(receiver[2]))
        assert max(times(receiver[2])) - at < 1.0 + CONVERSATION
        assert stopped < 250
        time.sleep(1.0)
        assert len(names(receiver[2])) == stopped
        rulings.end(ruling_id=number, author=OSKAR)
        until(lambda: len(names(receiver[2])) > stopped, within=5)
        until(lambda: town.states() == {DeliveryState.DELIVERED: 250})
        assert len(set(names(receiver[2]))) == len(names(receiver[2])) == 250
    finally:
        for relay in relays:
            relay.kill()
            relay.wait()


def test_two_relays_share_a_limit_and_obey_the_command(
    organization: Organization, receiver: tuple[int, int, Path]
) -> None:
    town = build(organization, people=220)
    slow = rulings.limit(
        scope=Scope(organization=organization), reason="x", lasting=timedelta(hours=1), author=OSKAR, connections=2
    )
    relays = [start(receiver[0], receiver[1]) for _ in range(2)]
    try:
        until(lambda: len(names(receiver[2])) > 20)
        until(lambda: town.rows("SELECT 1 FROM sending_relay WHERE ended_at IS NULL OFFSET 1"))
        time.sleep(1.5)  # by now each knows of the other
        since = time.time()
        number = command("hold", "--provider", "other", "--for", "1h", "--why", "of the test").partition(":")[0]
        at = time.time()
        until(lambda: all_back(town), within=5)
        time.sleep(1.5)
        went = [one for one in times(receiver[2]) if one > since]
        assert max(went) - at < 1.0 + CONVERSATION
        assert len(went) / (max(went) - since) < 2 / 0.15 + 2, "two conversations of 0.15 seconds at once"
        stopped = len(names(receiver[2]))
        assert number in command("list")
        assert len(names(receiver[2])) == stopped < 220
        command("end", number)
        until(lambda: len(names(receiver[2])) > stopped, within=5)
        rulings.end(ruling_id=slow.pk, author=OSKAR)
        until(lambda: town.states() == {DeliveryState.DELIVERED: 220})
    finally:
        for relay in relays:
            relay.kill()
            relay.wait()


def test_a_hold_outlives_the_lines_and_the_relay(organization: Organization, receiver: tuple[int, int, Path]) -> None:
    """Cut while it is held, ruled while nobody listens, begun anew: nothing leaves before somebody says so."""
    town = build(organization, people=60)
    relays = [start(receiver[0], receiver[1])]
    try:
        until(lambda: len(names(receiver[2])) > 5)
        cut_lines(town)
        number = hold(organization)
        at = time.time()
        until(lambda: all_back(town), within=15)
        for _ in range(3):
            cut_lines(town)
            time.sleep(0.7)
        assert max(times(receiver[2])) - at < 2.0 + CONVERSATION  # a line to begin anew, then as ever
        stopped = len(names(receiver[2]))
        relays[0].kill()
        relays.append(start(receiver[0], receiver[1]))
        until(
            lambda: town.rows("SELECT 1 FROM sending_relay WHERE beat_at > started_at AND ended_at IS NULL AND id > 1")
        )
        time.sleep(2.0)
        assert len(names(receiver[2])) == stopped
        rulings.end(ruling_id=number, author=OSKAR)
        until(
            lambda: town.states().get(DeliveryState.DELIVERED, 0) + town.states().get(DeliveryState.IN_DOUBT, 0) == 60
        )
    finally:
        for relay in relays:
            relay.kill()
            relay.wait()
