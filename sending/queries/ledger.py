"""Reading the ledger as a whole: does it add up, what became of one address.

For operators' commands. Call inside of `cross_tenant`: one transaction, REPEATABLE READ where the answer has to be one
moment's (the audit may run during a send).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from sending import ports
from sending.enums import EVENT_OF_STATE, Bucket, DeliveryState, EventKind, bucket_of

LIMIT = 20  # examples of one broken rule


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a message; `what` is the event's name, `source` the address of ours that it was tried from."""

    at: datetime
    what: str
    code: str
    text: str
    host: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to an address, and its story, oldest first."""

    id: int
    organization: str
    mailing: str
    stream: str
    state: DeliveryState
    reason: str
    attempts: int
    created_at: datetime
    due_at: datetime
    hold: str
    story: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class DoNotSend:
    """An entry of an organization's do-not-send list."""

    organization: str
    reason: str
    source: str
    evidence: str
    created_at: datetime
    lifted_at: datetime | None


_EVENT_CASE = " ".join(f"WHEN {state:d} THEN kind = {kind:d}" for state, kind in EVENT_OF_STATE.items())
_STATE_KINDS = ", ".join(
    str(int(kind)) for kind in {*EVENT_OF_STATE.values(), EventKind.REQUEUED, EventKind.LATE_BOUNCE}
)

# Each gives lines; none when the rule holds.
RULES = {
    "the parts of a sealed mailing add up to its audience": """
        SELECT format('mailing %s: audience %s, deliveries %s', m.id, m.audience_size, count(d.id))
        FROM sending_mailing m LEFT JOIN sending_delivery d ON d.mailing_id = m.id
        WHERE m.sealed_at IS NOT NULL GROUP BY m.id HAVING count(d.id) <> coalesce(m.audience_size, -1)
    """,
    "a delivery's last event is its state": f"""
        SELECT format('delivery %s: state %s, last event %s', d.id, d.state, coalesce(e.kind::text, 'none'))
        FROM sending_delivery d
        LEFT JOIN (
            SELECT DISTINCT ON (delivery_id) delivery_id, kind FROM sending_event
            WHERE kind IN ({_STATE_KINDS}) ORDER BY delivery_id, at DESC, id DESC
        ) e ON e.delivery_id = d.id
        WHERE NOT CASE
            WHEN d.state IN ({DeliveryState.QUEUED:d}, {DeliveryState.SENDING:d})
                THEN coalesce(e.kind IN ({EventKind.DEFERRED:d}, {EventKind.REQUEUED:d}), true)
            WHEN d.state = {DeliveryState.DEFERRED:d}
                THEN coalesce(e.kind IN ({EventKind.DEFERRED:d}, {EventKind.REQUEUED:d}), false)
            WHEN d.state = {DeliveryState.BOUNCED:d}
                THEN coalesce(e.kind IN ({EventKind.BOUNCED:d}, {EventKind.LATE_BOUNCE:d}), false)
            WHEN d.state = {DeliveryState.SUPPRESSED:d} THEN coalesce(e.kind = {EventKind.SUPPRESSED:d}, true)
            ELSE coalesce(CASE d.state {_EVENT_CASE} END, false) END
    """,
    "what a relay holds is held by a relay that is there": f"""
        SELECT format('delivery %s: held by relay %s, which is %s', d.id, coalesce(d.relay_id::text, 'none'),
                      CASE WHEN r.id IS NULL THEN 'not there' ELSE 'swept' END)
        FROM sending_delivery d LEFT JOIN sending_relay r ON r.id = d.relay_id
        WHERE d.state = {DeliveryState.SENDING:d} AND (r.id IS NULL OR r.swept_at IS NOT NULL)
    """,
    "nobody holds what is not being sent": f"""
        SELECT format('delivery %s: state %s, and relay %s holds it', id, state, relay_id)
        FROM sending_delivery WHERE relay_id IS NOT NULL AND state <> {DeliveryState.SENDING:d}
    """,
    "what waits is in an open lane": f"""
        SELECT format('delivery %s: waits in lane %s, which is closed', d.id, d.lane_id)
        FROM sending_delivery d JOIN sending_lane l ON l.id = d.lane_id
        WHERE NOT l.open AND d.state IN ({DeliveryState.QUEUED:d}, {DeliveryState.SENDING:d}, {DeliveryState.DEFERRED:d})
    """,
    "a delivery's mailing, lane and person are there, and of its organization": """
        SELECT format('delivery %s: %s', d.id, concat_ws(', ',
            CASE WHEN m.id IS NULL THEN 'no mailing ' || d.mailing_id END,
            CASE WHEN l.id IS NULL THEN 'no lane ' || d.lane_id END,
            CASE WHEN d.contact_id IS NOT NULL AND c.id IS NULL THEN 'no contact ' || d.contact_id END,
            CASE WHEN m.organization_id <> d.organization_id THEN 'the mailing is of another organization' END,
            CASE WHEN l.mailing_id <> d.mailing_id OR l.variant <> d.variant THEN 'the lane is of another mailing' END,
            CASE WHEN c.organization_id <> d.organization_id THEN 'the contact is of another organization' END))
        FROM sending_delivery d
        LEFT JOIN sending_mailing m ON m.id = d.mailing_id
        LEFT JOIN sending_lane l ON l.id = d.lane_id
        LEFT JOIN contacts_contact c ON c.id = d.contact_id
        WHERE m.id IS NULL OR l.id IS NULL OR (d.contact_id IS NOT NULL AND c.id IS NULL)
           OR m.organization_id <> d.organization_id OR l.mailing_id <> d.mailing_id OR l.variant <> d.variant
           OR c.organization_id <> d.organization_id
    """,
    "an event's delivery is there, and of its organization and mailing": """
        SELECT format('event %s: delivery %s %s', e.id, e.delivery_id,
                      CASE WHEN d.id IS NULL THEN 'is not there' ELSE 'is of another organization or mailing' END)
        FROM sending_event e LEFT JOIN sending_delivery d ON d.id = e.delivery_id
        WHERE e.delivery_id > 0 AND (d.id IS NULL OR d.organization_id <> e.organization_id OR d.mailing_id <> e.mailing_id)
    """,
    "what was handed over is with an account of its organization": f"""
        SELECT format('delivery %s: handed over to account %s, which is %s', d.id, coalesce(d.account_id::text, 'none'),
                      CASE WHEN a.id IS NULL THEN 'not there' ELSE 'of another organization' END)
        FROM sending_delivery d LEFT JOIN sending_espaccount a ON a.id = d.account_id
        WHERE d.state = {DeliveryState.HANDED_OVER:d} AND (a.id IS NULL OR a.organization_id <> d.organization_id)
    """,
    "stored content belongs to a delivery": """
        SELECT format('stored message %s: its delivery is not there', s.delivery_id)
        FROM sending_storedmessage s LEFT JOIN sending_delivery d ON d.id = s.delivery_id WHERE d.id IS NULL
    """,
    "app mail that waits has its content": f"""
        SELECT format('delivery %s: waits without content', d.id)
        FROM sending_delivery d JOIN sending_mailing m ON m.id = d.mailing_id
        LEFT JOIN sending_storedmessage s ON s.delivery_id = d.id
        WHERE m.letter_id IS NULL AND s.delivery_id IS NULL
          AND d.state IN ({DeliveryState.QUEUED:d}, {DeliveryState.SENDING:d}, {DeliveryState.DEFERRED:d})
    """,
}


def audit() -> Iterator[str]:
    """One line for each broken rule's example; nothing when the ledger adds up. Looks at one moment."""
    with connection.cursor() as cursor:
        for rule, statement in RULES.items():
            cursor.execute(f"{statement} LIMIT {LIMIT + 1}")
            yield from _lines(rule, [row[0] for row in cursor.fetchall()])
    yield from _lines("tallies and totals agree with ledger and log", list(ports.totals.differences(limit=LIMIT + 1)))


def _lines(rule: str, found: list[str]) -> Iterator[str]:
    for line in found[:LIMIT]:
        yield f"{line}  (rule: {rule})"
    if len(found) > LIMIT:
        yield f"... and more  (rule: {rule})"


def counts(*, mailing_id: int) -> dict[Bucket, int]:
    """How many deliveries of a mailing stand in each part, from the rows themselves. Reads them all: for checks."""
    parts = dict.fromkeys(Bucket, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, attempts > 0, count(*) FROM sending_delivery WHERE mailing_id = %s GROUP BY 1, 2",
            [mailing_id],
        )
        for state, tried, count in cursor.fetchall():
            parts[bucket_of(state, int(tried))] += count
    return parts


def messages_to(address: str, *, limit: int = 50) -> list[Message]:
    """The newest messages to an address, of all organizations, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.id, o.name, coalesce(nullif(m.name, ''), m.public_id), s.kind, d.state, d.reason, d.attempts,
                   d.created_at, d.due_at, coalesce(m.hold, '')
            FROM accounts_organization o
            CROSS JOIN LATERAL (
                SELECT * FROM sending_delivery x WHERE x.organization_id = o.id AND x.address = %(address)s AND x.contact_id IS NULL
                UNION ALL
                SELECT x.* FROM contacts_contact c JOIN sending_delivery x ON x.contact_id = c.id
                WHERE c.organization_id = o.id AND c.address_key = %(address)s
            ) d
            JOIN sending_mailing m ON m.id = d.mailing_id
            JOIN sending_stream s ON s.id = m.stream_id
            ORDER BY d.id DESC LIMIT %(limit)s
            """,
            {"address": address, "limit": limit},
        )
        rows = cursor.fetchall()
        stories = _stories(cursor, [row[0] for row in rows])
    return [
        Message(
            id=row[0],
            organization=row[1],
            mailing=row[2],
            stream=row[3],
            state=DeliveryState(row[4]),
            reason=row[5],
            attempts=row[6],
            created_at=row[7],
            due_at=row[8],
            hold=row[9],
            story=stories.get(row[0], ()),
        )
        for row in rows
    ]


def do_not_send(address: str) -> list[DoNotSend]:
    """Every entry of an address on do-not-send lists, lifted ones too."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.name, s.reason, s.source, s.evidence, s.created_at, s.lifted_at
            FROM contacts_suppression s JOIN accounts_organization o ON o.id = s.organization_id
            WHERE s.address_key = %s ORDER BY s.id
            """,
            [address],
        )
        return [DoNotSend(*row) for row in cursor.fetchall()]


def _stories(cursor, ids: list[int]) -> dict[int, tuple[Line, ...]]:  # type: ignore[no-untyped-def]
    cursor.execute(
        """
        SELECT delivery_id, at, kind, code, text, coalesce(facts ->> 'host', ''), coalesce(facts ->> 'source', '')
        FROM sending_event WHERE delivery_id = ANY(%s) ORDER BY at, id LIMIT 5000
        """,
        [ids],
    )
    stories: dict[int, list[Line]] = {}
    for delivery_id, at, kind, code, text, host, source in cursor.fetchall():
        name = (
            EventKind(kind).name.lower().replace("_", " ") if kind in EventKind._value2member_map_ else f"event {kind}"
        )
        stories.setdefault(delivery_id, []).append(Line(at, name, code, text, host, source))
    return {delivery_id: tuple(lines) for delivery_id, lines in stories.items()}
