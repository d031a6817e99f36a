"""The referee: lays the ledger beside the receivers' own log and counts. It trusts neither.

The receivers write every (Message-ID, recipient) down before they say 250, and nobody kills them; so their log is what
arrived. The ledger is what Posthouse says has arrived. Every person of the audience must be in exactly one line of the table.
"""

from collections import Counter
from collections.abc import Collection, Sequence
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
    sent_back: (
        int  # of those who arrived: their server told the mailroom later that it could not deliver, and was told 250
    )
    sent_back_lost: int  # ... of these, not bounced in the ledger
    sent_back_twice: int  # ... of these, bounced more than once in the ledger
    unexplained: int  # their state is not what their events tell

    @property
    def faults(self) -> dict[str, int]:
        """What must be nought and is not."""
        must = (
            *("unfinished", "missing", "lost", "hidden", "twice_unreported", "strangers"),
            *("sent_back_lost", "sent_back_twice", "unexplained"),
        )
        return {name: value for name in must if (value := getattr(self, name))}

    def table(self) -> list[tuple[str, int]]:
        return [(field.name.replace("_", " "), getattr(self, field.name)) for field in fields(self)]


def count(
    connection: "psycopg.Connection[tuple[object, ...]]",
    *,
    mailing_id: int,
    prefix: str,
    store: Store,
    sent_back: Collection[str] = (),
) -> Count:
    """Count one sealed mailing. `prefix`: how every address of its audience begins, and no other's.

    `sent_back`: the addresses whose report of a late bounce the mailroom answered with 250.
    """
    asked = connection.execute("SELECT audience_size FROM sending_mailing WHERE id = %s", [mailing_id]).fetchone()
    audience = int(str(asked[0])) if asked else 0
    rows = [
        (int(str(number)), str(address), int(str(state)))
        for number, address, state in connection.execute(
            "SELECT id, address, state FROM sending_delivery WHERE mailing_id = %s", [mailing_id]
        )
    ]
    stories = _stories(connection, mailing_id)
    doubted = {number for number, kinds in stories.items() if EventKind.IN_DOUBT in kinds}
    confirmed = {number for number, kinds in stories.items() if EventKind.DELIVERED in kinds}
    # Whoever sent it back had it, whatever the relay had come to know by then.
    returned = {number for number, address, state in rows if address in sent_back and state == DeliveryState.BOUNCED}
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
            and number not in returned
            and not _is_said_delivered(number, state, confirmed)
        ),
        twice=sum(1 for times in arrivals.values() if times > 1),
        twice_unreported=sum(1 for number, address, _ in rows if arrivals[address] > 1 and number not in doubted),
        strangers=sum(1 for rcpt in arrivals if rcpt not in known),
        sent_back=len(sent_back),
        sent_back_lost=len(sent_back) - len(returned),
        sent_back_twice=sum(
            1 for number in returned if sum(kind in SENT_BACK for kind in stories.get(number, ())) != 1
        ),
        unexplained=sum(1 for number, _, state in rows if state not in told(stories.get(number, ()))),
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


def told(kinds: Sequence[int]) -> tuple[DeliveryState, ...]:
    """The states in which a message may be after these events, in their order; none when they contradict each other."""
    if not kinds:
        return (*OPEN_STATES, DeliveryState.SUPPRESSED)  # skipped at the freeze, which writes no events
    state = "waits"
    for kind in kinds:
        state = STEPS.get((state, EventKind(kind)), "")
        if not state:
            return ()
    return ENDS[state]


STEPS = {
    ("waits", EventKind.DEFERRED): "waits",
    ("waits", EventKind.DELIVERED): "delivered",
    ("waits", EventKind.BOUNCED): "bounced",
    ("waits", EventKind.EXPIRED): "expired",
    ("waits", EventKind.SUPPRESSED): "suppressed",
    ("waits", EventKind.CANCELLED): "cancelled",
    ("waits", EventKind.FAILED): "failed",
    ("waits", EventKind.IN_DOUBT): "in doubt",
    ("in doubt", EventKind.DELIVERED): "delivered",
    ("in doubt", EventKind.BOUNCED): "bounced",
    ("in doubt", EventKind.REQUEUED): "waits",
    ("failed", EventKind.REQUEUED): "waits",
    ("delivered", EventKind.LATE_BOUNCE): "bounced",
}
ENDS = {
    "waits": OPEN_STATES,
    "delivered": (DeliveryState.DELIVERED,),
    "bounced": (DeliveryState.BOUNCED,),
    "expired": (DeliveryState.EXPIRED,),
    "suppressed": (DeliveryState.SUPPRESSED,),
    "cancelled": (DeliveryState.CANCELLED,),
    "failed": (DeliveryState.FAILED,),
    "in doubt": (DeliveryState.IN_DOUBT,),
}
SENT_BACK = (EventKind.BOUNCED, EventKind.LATE_BOUNCE)
_TOLD_BY = sorted({int(kind) for _, kind in STEPS})


def _stories(connection: "psycopg.Connection[tuple[object, ...]]", mailing_id: int) -> dict[int, list[int]]:
    """The events of each delivery that move it, in their order."""
    found: dict[int, list[int]] = {}
    for number, kind in connection.execute(
        "SELECT delivery_id, kind FROM sending_event WHERE mailing_id = %s AND kind = ANY(%s) ORDER BY at, id",
        [mailing_id, _TOLD_BY],
    ):
        found.setdefault(int(str(number)), []).append(int(str(kind)))
    return found
