"""The referee: lays the ledger beside the receivers' own log and counts. It trusts neither.

The receivers write every (Message-ID, recipient) down before they say 250, and nobody kills them; so their log is what
arrived. The ledger is what Posthouse says has arrived. Every person of the audience must be in exactly one line of the table.
"""

from collections import Counter
from dataclasses import dataclass, fields

import psycopg

from posthouse.sandbox.store import Store
from sending.enums import OPEN_STATES, DeliveryState, EventKind


@dataclass(frozen=True, kw_only=True)
class Count:
    """What became of one send. All are people, except `arrived`, which counts accepted messages."""

    audience: int
    arrived: int
    delivered: int
    refused: int  # bounced, expired, skipped, cancelled, failed: each with its reason, and none arrived
    in_doubt: int
    in_doubt_arrived: int
    unfinished: int  # queued, sending, deferred
    missing: int  # in the audience, and without a row
    lost: int  # the ledger says delivered, and nothing arrived
    hidden: int  # arrived, and the ledger says neither delivered nor unconfirmed
    twice: int  # arrived more than once
    twice_unreported: int  # ... of these, never reported as unconfirmed
    strangers: int  # arrived for somebody who is not in the audience

    @property
    def faults(self) -> dict[str, int]:
        """What must be nought and is not."""
        must = ("unfinished", "missing", "lost", "hidden", "twice_unreported", "strangers")
        return {name: value for name in must if (value := getattr(self, name))}

    def table(self) -> list[tuple[str, int]]:
        return [(field.name.replace("_", " "), getattr(self, field.name)) for field in fields(self)]


def count(connection: "psycopg.Connection[tuple[object, ...]]", *, mailing_id: int, prefix: str, store: Store) -> Count:
    """Count one sealed mailing. `prefix`: how every address of its audience begins, and no other's."""
    asked = connection.execute("SELECT audience_size FROM sending_mailing WHERE id = %s", [mailing_id]).fetchone()
    audience = int(str(asked[0])) if asked else 0
    rows = [
        (int(str(number)), str(address), int(str(state)))
        for number, address, state in connection.execute(
            "SELECT id, address, state FROM sending_delivery WHERE mailing_id = %s", [mailing_id]
        )
    ]
    doubted = _with_event(connection, mailing_id, EventKind.IN_DOUBT)
    confirmed = _with_event(connection, mailing_id, EventKind.DELIVERED)
    arrivals = Counter(accepted.rcpt for accepted in store.accepted() if accepted.rcpt.startswith(prefix))
    by_state = Counter(state for _, _, state in rows)
    known = {address for _, address, _ in rows}
    return Count(
        audience=audience,
        arrived=sum(arrivals.values()),
        delivered=by_state[DeliveryState.DELIVERED],
        refused=sum(by_state[state] for state in REFUSED),
        in_doubt=by_state[DeliveryState.IN_DOUBT],
        in_doubt_arrived=sum(
            1 for _, address, state in rows if state == DeliveryState.IN_DOUBT and address in arrivals
        ),
        unfinished=sum(by_state[state] for state in OPEN_STATES),
        missing=audience - len(known),
        lost=sum(
            1
            for number, address, state in rows
            if _is_said_delivered(number, state, confirmed) and address not in arrivals
        ),
        hidden=sum(
            1
            for number, address, state in rows
            if address in arrivals
            and state != DeliveryState.IN_DOUBT
            and not _is_said_delivered(number, state, confirmed)
        ),
        twice=sum(1 for times in arrivals.values() if times > 1),
        twice_unreported=sum(1 for number, address, _ in rows if arrivals[address] > 1 and number not in doubted),
        strangers=sum(1 for rcpt in arrivals if rcpt not in known),
    )


REFUSED = (
    DeliveryState.BOUNCED,
    DeliveryState.EXPIRED,
    DeliveryState.SUPPRESSED,
    DeliveryState.CANCELLED,
    DeliveryState.FAILED,
)


def _is_said_delivered(number: int, state: int, confirmed: set[int]) -> bool:
    """A late bounce moves a delivered message on; it had arrived all the same."""
    return state == DeliveryState.DELIVERED or number in confirmed


def _with_event(connection: "psycopg.Connection[tuple[object, ...]]", mailing_id: int, kind: EventKind) -> set[int]:
    found = connection.execute(
        "SELECT delivery_id FROM sending_event WHERE mailing_id = %s AND kind = %s", [mailing_id, int(kind)]
    )
    return {int(str(number)) for (number,) in found}
