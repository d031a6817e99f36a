"""Mail servers that misbehave, against the real relay: what became of each message, said by the ledger and by what they took.

No server of these may cost a message, send one twice, or fill the relay's memory. Only what went wrong after the final dot may
be in doubt, and exactly that.
"""

from collections import Counter
from dataclasses import dataclass

from bench import house, report
from posthouse.sandbox.zone import Record
from prove import rogues
from prove.rogues import Deed, Fault, Rogues
from prove.scenarios import Broken, Ground, Result, Send
from prove.workshop import Workshop, peak_memory
from sending.enums import OPEN_STATES, DeliveryState, EventKind

SMTP = 3  # the port of all receivers, counted from PORT
MOST_MEMORY = 250  # MB that the relay may have had at any time
FINISHED_WITHIN = 1_200.0  # ten minutes of patience after a final dot, a minute until the next try, and their hold
MANY = 12  # times as many people where one conversation has to carry several messages, however many are tried at once
ROUNDS = 8  # of making due what waits, in the short form


@dataclass(frozen=True)
class Line:
    """What became of the messages to one server."""

    what: str
    people: int
    struck: int
    delivered: int
    in_doubt: int
    in_doubt_taken: int
    twice: int
    lost: int
    tries: float  # a message, on average


def wire(ground: Ground, workshop: Workshop, *, people: int, patient: bool) -> Result:
    """Servers that hang up, stall, drip, babble or break TLS at each point of the conversation: nothing is lost or doubled."""
    faults = rogues.all_of(patient=patient)
    with Rogues(faults, ground.log, ground.house.port + SMTP) as servers:
        for number, fault in enumerate(faults):
            host = f"mx{number}.wire.test"
            workshop.publish([Record(fault.domain, "MX", f"10 {host}"), Record(host, "A", servers.address(fault))])
        homes = [fault.domain for fault in faults for _ in range(MANY if fault.chunking else 1)]
        send = ground.prepare("wire-", people * len(homes), homes=homes)
        ground.program("launch", f"--campaign={send.campaign}")
        ground.wait_until_sealed(send)
        if patient:
            ground.wait_until_finished(send, within=FINISHED_WITHIN)
        else:
            hurry(ground, workshop, send)
        memory = peak_memory(workshop.pid("relay"))
    counted = ground.judge(send)
    lines = [line_of(ground, send, fault) for fault in faults]
    for fault, line in zip(faults, lines, strict=True):
        complain(fault, line)
    if memory > MOST_MEMORY:
        raise Broken(f"The relay has taken {memory} MB.")
    endless = max(fault.pushed for fault in faults)
    return Result(
        "wire",
        counted,
        {
            "servers": len(faults),
            "wrong things done": sum(fault.struck for fault in faults if fault.deed is not Deed.CLOSE),
            "octets of an endless banner that could be pushed before the relay hung up": f"{endless:,}",
            "the relay's largest memory, MB": memory,
        },
        lines=table(lines),
    )


def hurry(ground: Ground, workshop: Workshop, send: Send) -> None:
    """Finish without waiting: what is to be tried in a minute is made due now, and the relay is started anew, which ends holds."""
    for _ in range(ROUNDS):
        house.wait_until(
            lambda: not waiting(ground, send, DeliveryState.SENDING) and is_tried(ground, send),
            within=60,
            what="everything was tried",
            every=0.2,
        )
        if not ground.open_rows(send):
            break
        workshop.stop_relay()
        make_due(ground, send)
        workshop.start_relay()
        report.say(f"{send.prefix}: {ground.open_rows(send)} are tried again")
    ground.wait_until_finished(send, within=60)


def make_due(ground: Ground, send: Send) -> None:
    with ground.house.connect() as connection:
        connection.execute(
            "UPDATE sending_delivery SET due_at = now() WHERE organization_id = %s AND state = %s",
            [send.organization, int(DeliveryState.DEFERRED)],
        )


def waiting(ground: Ground, send: Send, *states: DeliveryState) -> int:
    query = "SELECT count(*) FROM sending_delivery WHERE organization_id = %s AND state = ANY(%s)"
    return int(ground.ask(query, send.organization, [int(state) for state in states])[0][0])


def is_tried(ground: Ground, send: Send) -> bool:
    """Whether nothing is due that has not been taken up; behind a hold, one of each server has."""
    query = """
        SELECT count(*) FROM (
            SELECT lane_id FROM sending_delivery WHERE organization_id = %s AND state = ANY(%s)
            GROUP BY lane_id HAVING bool_and(due_at <= now())
        ) untried"""
    return not ground.ask(query, send.organization, [int(state) for state in OPEN_STATES])[0][0]


def line_of(ground: Ground, send: Send, fault: Fault) -> Line:
    ending = f"@{fault.domain}"
    rows = ground.ask(
        "SELECT id, address, state, attempts FROM sending_delivery WHERE organization_id = %s AND address LIKE %s",
        send.organization,
        f"%{ending}",
    )
    confirmed = {
        row[0]
        for row in ground.ask(
            "SELECT delivery_id FROM sending_event WHERE organization_id = %s AND kind = %s",
            send.organization,
            int(EventKind.DELIVERED),
        )
    }
    took = Counter(
        a.rcpt for a in ground.store.accepted() if a.rcpt.startswith(send.prefix) and a.rcpt.endswith(ending)
    )
    doubted = [address for _, address, state, _ in rows if state == DeliveryState.IN_DOUBT]
    return Line(
        what=fault.words,
        people=len(rows),
        struck=fault.struck,
        delivered=sum(state == DeliveryState.DELIVERED for _, _, state, _ in rows),
        in_doubt=len(doubted),
        in_doubt_taken=sum(address in took for address in doubted),
        twice=sum(times > 1 for times in took.values()),
        lost=sum(number in confirmed and address not in took for number, address, _, _ in rows),
        tries=sum(attempts for *_, attempts in rows) / max(1, len(rows)),
    )


def complain(fault: Fault, line: Line) -> None:
    """Raises Broken when a server's messages did not end as they have to."""
    if not fault.struck:
        raise Broken(f"{fault.words}: that never happened.")
    if line.delivered + line.in_doubt != line.people:
        raise Broken(f"{line.what}: {line}")
    doubts = fault.struck if fault.leaves_doubt else 0
    if line.in_doubt != doubts or (line.in_doubt_taken != fault.took and fault.leaves_doubt):
        raise Broken(f"{line.what}: in doubt should be {doubts}, of them taken {fault.took}: {line}")
    if line.twice or line.lost:
        raise Broken(f"{line.what}: {line}")


def table(lines: list[Line]) -> list[str]:
    """In Markdown."""
    head = (
        "the server",
        "people",
        "wrong",
        "delivered",
        "in doubt",
        "of them taken",
        "twice",
        "lost",
        "tries a message",
    )
    return [
        f"| {' | '.join(head)} |",
        f"|---|{'---:|' * (len(head) - 1)}",
        *(
            f"| {line.what} | {line.people} | {line.struck} | {line.delivered} | {line.in_doubt} | {line.in_doubt_taken}"
            f" | {line.twice} | {line.lost} | {line.tries:.1f} |"
            for line in lines
        ),
    ]
