"""The referee finds what it is there to find: each broken promise, made on purpose, is counted under its name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection

from posthouse.sandbox.store import Accepted, Store
from posthouse.up.postgres import SUPERUSER
from prove import referee
from sending.enums import DeliveryState, EventKind

MAILING = 7


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "log.sqlite3") as opened:
        yield opened


@pytest.fixture
def ledger(django_db_setup: None) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """A mailing to three people, all delivered. Nothing of it is kept."""
    found = settings.DATABASES["default"]
    login = {"host": found["HOST"], "dbname": django_connection.settings_dict["NAME"], "user": SUPERUSER}
    with psycopg.connect(**login, autocommit=True) as connection, connection.transaction(force_rollback=True):
        connection.execute("SET session_replication_role = replica")  # foreign keys are not what is tried here
        connection.execute(
            "INSERT INTO sending_mailing (id, organization_id, public_id, stream_id, name, created_at, audience_size) "
            "VALUES (%s, 1, 'm', 1, '', now(), 3)",
            [MAILING],
        )
        for number in (1, 2, 3):
            connection.execute(
                "INSERT INTO sending_delivery (id, organization_id, mailing_id, contact_id, occasion, lane_id, address, state, "
                "variant, attempts, due_at, reason, code, provider, created_at, changed_at) "
                "VALUES (%s, 1, %s, %s, 0, 1, %s, %s, 0, 1, now(), '', '', '', now(), now())",
                [number, MAILING, number, f"a-{number}@x.test", int(DeliveryState.DELIVERED)],
            )
        yield connection


def arrive(store: Store, *numbers: int) -> None:
    store.write(
        [Accepted(message_id=f"{n}@x", rcpt=f"a-{n}@x.test", sender="s@x", provider="P", at=1.0) for n in numbers], []
    )


def turn(ledger: "psycopg.Connection[tuple[object, ...]]", number: int, state: DeliveryState) -> None:
    ledger.execute("UPDATE sending_delivery SET state = %s WHERE id = %s", [int(state), number])


def count(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> referee.Count:
    return referee.count(ledger, mailing_id=MAILING, prefix="a-", store=store)


def test_a_send_that_went_well(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> None:
    arrive(store, 1, 2, 3)
    found = count(ledger, store)
    assert found.faults == {}
    assert (found.audience, found.arrived, found.delivered) == (3, 3, 3)


BROKEN: list[tuple[str, Callable[..., None]]] = [
    ("lost", lambda ledger, store: arrive(store, 1, 2)),
    ("hidden", lambda ledger, store: (arrive(store, 1, 2, 3), turn(ledger, 3, DeliveryState.BOUNCED))),
    ("unfinished", lambda ledger, store: (arrive(store, 1, 2), turn(ledger, 3, DeliveryState.SENDING))),
    ("twice_unreported", lambda ledger, store: arrive(store, 1, 1, 2, 3)),
    ("strangers", lambda ledger, store: arrive(store, 1, 2, 3, 4)),
    (
        "missing",
        lambda ledger, store: (arrive(store, 1, 2), ledger.execute("DELETE FROM sending_delivery WHERE id = 3")),
    ),
]


@pytest.mark.parametrize(("name", "harm"), BROKEN, ids=[name for name, _ in BROKEN])
def test_each_broken_promise_is_found(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store, name: str, harm: Callable[..., None]
) -> None:
    harm(ledger, store)
    assert count(ledger, store).faults == {name: 1}


def test_what_was_reported_as_unconfirmed_may_have_arrived_or_not(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store
) -> None:
    arrive(store, 1, 2)
    turn(ledger, 2, DeliveryState.IN_DOUBT)
    turn(ledger, 3, DeliveryState.IN_DOUBT)
    found = count(ledger, store)
    assert found.faults == {}
    assert (found.in_doubt, found.in_doubt_arrived) == (2, 1)


def test_twice_is_no_fault_when_it_was_reported(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> None:
    arrive(store, 1, 1, 2, 3)
    ledger.execute(
        "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind) VALUES (1, %s, 1, %s)",
        [MAILING, int(EventKind.IN_DOUBT)],
    )
    found = count(ledger, store)
    assert found.faults == {}
    assert found.twice == 1


def test_a_late_bounce_had_arrived(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> None:
    arrive(store, 1, 2, 3)
    turn(ledger, 3, DeliveryState.BOUNCED)
    ledger.execute(
        "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind) VALUES (1, %s, 3, %s)",
        [MAILING, int(EventKind.DELIVERED)],
    )
    assert count(ledger, store).faults == {}
