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
            tell(connection, number, EventKind.DELIVERED)
        yield connection


def tell(ledger: "psycopg.Connection[tuple[object, ...]]", number: int, *kinds: EventKind) -> None:
    """The events of a message from now on are these."""
    ledger.execute("DELETE FROM sending_event WHERE delivery_id = %s", [number])
    for kind in kinds:
        ledger.execute(
            "INSERT INTO sending_event (organization_id, mailing_id, delivery_id, kind) VALUES (1, %s, %s, %s)",
            [MAILING, number, int(kind)],
        )


def arrive(store: Store, *numbers: int) -> None:
    store.write(
        [Accepted(message_id=f"{n}@x", rcpt=f"a-{n}@x.test", sender="s@x", provider="P", at=1.0) for n in numbers], []
    )


def turn(
    ledger: "psycopg.Connection[tuple[object, ...]]", number: int, state: DeliveryState, *kinds: EventKind
) -> None:
    """Into another state, with these events."""
    ledger.execute("UPDATE sending_delivery SET state = %s WHERE id = %s", [int(state), number])
    tell(ledger, number, *kinds)


def count(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store, *, sent_back: tuple[str, ...] = ()
) -> referee.Count:
    return referee.count(ledger, mailing_id=MAILING, prefix="a-", store=store, sent_back=sent_back)


def test_a_send_that_went_well(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> None:
    arrive(store, 1, 2, 3)
    found = count(ledger, store)
    assert found.faults == {}
    assert (found.audience, found.arrived, found.delivered) == (3, 3, 3)


BROKEN: list[tuple[str, Callable[..., None]]] = [
    ("lost", lambda ledger, store: arrive(store, 1, 2)),
    (
        "hidden",
        lambda ledger, store: (arrive(store, 1, 2, 3), turn(ledger, 3, DeliveryState.BOUNCED, EventKind.BOUNCED)),
    ),
    ("unfinished", lambda ledger, store: (arrive(store, 1, 2), turn(ledger, 3, DeliveryState.SENDING))),
    ("twice_unreported", lambda ledger, store: arrive(store, 1, 1, 2, 3)),
    ("strangers", lambda ledger, store: arrive(store, 1, 2, 3, 4)),
    (
        "missing",
        lambda ledger, store: (arrive(store, 1, 2), ledger.execute("DELETE FROM sending_delivery WHERE id = 3")),
    ),
    ("unexplained", lambda ledger, store: (arrive(store, 1, 2, 3), tell(ledger, 3))),
    (
        "unexplained",
        lambda ledger, store: (arrive(store, 1, 2, 3), tell(ledger, 3, EventKind.DELIVERED, EventKind.DELIVERED)),
    ),
]


@pytest.mark.parametrize(("name", "harm"), BROKEN, ids=[f"{name}-{n}" for n, (name, _) in enumerate(BROKEN)])
def test_each_broken_promise_is_found(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store, name: str, harm: Callable[..., None]
) -> None:
    harm(ledger, store)
    assert count(ledger, store).faults == {name: 1}


def test_what_was_reported_as_unconfirmed_may_have_arrived_or_not(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store
) -> None:
    arrive(store, 1, 2)
    turn(ledger, 2, DeliveryState.IN_DOUBT, EventKind.IN_DOUBT)
    turn(ledger, 3, DeliveryState.IN_DOUBT, EventKind.IN_DOUBT)
    found = count(ledger, store)
    assert found.faults == {}
    assert (found.in_doubt, found.in_doubt_arrived) == (2, 1)


def test_twice_is_no_fault_when_it_was_reported(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> None:
    arrive(store, 1, 1, 2, 3)
    tell(ledger, 1, EventKind.IN_DOUBT, EventKind.REQUEUED, EventKind.DELIVERED)
    found = count(ledger, store)
    assert found.faults == {}
    assert found.twice == 1


def test_a_late_bounce_had_arrived(ledger: "psycopg.Connection[tuple[object, ...]]", store: Store) -> None:
    arrive(store, 1, 2, 3)
    turn(ledger, 3, DeliveryState.BOUNCED, EventKind.DELIVERED, EventKind.LATE_BOUNCE)
    assert count(ledger, store).faults == {}


SENT_BACK = ("a-3@x.test",)


@pytest.mark.parametrize(
    "story",
    [
        (EventKind.DELIVERED, EventKind.LATE_BOUNCE),
        (EventKind.BOUNCED,),  # the report was faster than the relay
        (EventKind.IN_DOUBT, EventKind.BOUNCED),
    ],
)
def test_what_was_sent_back_is_bounced_once(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store, story: tuple[EventKind, ...]
) -> None:
    arrive(store, 1, 2, 3)
    turn(ledger, 3, DeliveryState.BOUNCED, *story)
    found = count(ledger, store, sent_back=SENT_BACK)
    assert found.faults == {}
    assert found.sent_back == 1


def test_a_report_that_was_taken_and_is_not_in_the_ledger_is_lost(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store
) -> None:
    arrive(store, 1, 2, 3)
    assert count(ledger, store, sent_back=SENT_BACK).faults == {"sent_back_lost": 1}


def test_a_report_that_is_counted_twice_is_found(
    ledger: "psycopg.Connection[tuple[object, ...]]", store: Store
) -> None:
    arrive(store, 1, 2, 3)
    turn(ledger, 3, DeliveryState.BOUNCED, EventKind.DELIVERED, EventKind.LATE_BOUNCE, EventKind.LATE_BOUNCE)
    assert count(ledger, store, sent_back=SENT_BACK).faults == {"sent_back_twice": 1, "unexplained": 1}
