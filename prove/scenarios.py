"""What is proved, one case a function. Each gives the referee's count and what else was seen; a broken promise raises Broken."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench import house, report
from posthouse.sandbox.store import Store
from posthouse.up.places import CHECKOUT
from prove import referee
from prove.crash import torment
from prove.postman import Postman
from prove.running import Running
from sending.enums import OPEN_STATES, DeliveryState

ENDED_WITHIN = 20.0  # seconds after its last heartbeat a relay must be ended and swept by another one
MAILROOM = 2  # its port, counted from PORT
SENT_BACK_ONE_IN = 10
QUIET = 8.0  # seconds that a relay is watched that must not send


class Broken(Exception):
    """A promise was not kept; the message says which."""


@dataclass
class Result:
    name: str
    count: referee.Count | None  # None: nothing was sent, and the case counts for itself
    seen: dict[str, Any] = field(default_factory=dict)
    took: float = 0.0
    lines: list[str] = field(default_factory=list)  # a table of its own, in Markdown


@dataclass(frozen=True)
class Send:
    """One prepared campaign; see prove/seeding.py. Every address of its audience begins with `prefix`."""

    organization: int
    campaign: int
    prefix: str
    people: int


class Stage(Protocol):
    """Whoever keeps the product running."""

    @property
    def house(self) -> house.House: ...

    def words(self) -> str: ...


class Ground:
    """The running product, its database as the referee sees it, and the receivers' log."""

    def __init__(self, stage: Stage, *, audits_at_the_end: bool = False) -> None:
        self.stage = stage
        self.audits_at_the_end = audits_at_the_end
        self.house = stage.house
        self.log = stage.house.here.var / "sandbox" / "world.sqlite3"
        self.store = Store(self.log)

    def ask(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """One question to the database, patiently: it may be dead at this moment."""
        until = time.monotonic() + 90
        while True:
            try:
                with self.house.connect() as connection:
                    return list(connection.execute(query, params).fetchall())
            except Exception as error:
                if time.monotonic() > until or not _is_outage(error):
                    raise
                time.sleep(0.3)

    def program(self, *arguments: str) -> dict[str, Any]:
        """One verb of prove/seeding.py, in a process of its own."""
        return self.house.script(CHECKOUT / "prove" / "seeding.py", *arguments)

    @property
    def running(self) -> Running:
        """The product under its own supervisor."""
        assert isinstance(self.stage, Running)
        return self.stage

    def prepare(self, prefix: str, people: int, *, homes: Sequence[str] = ()) -> Send:
        """`homes`: the domains where the people live; those of prove/world.py by default."""
        report.say(f"{prefix}: an organization with {people:,} people, a verified domain and a campaign ...")
        made = self.program("found", f"--prefix={prefix}", f"--people={people}", f"--domains={','.join(homes)}")
        return Send(int(made["organization"]), int(made["campaign"]), prefix, people)

    def mailings(self, send: Send) -> list[int]:
        return [
            row[0]
            for row in self.ask(
                "SELECT id FROM sending_mailing WHERE organization_id = %s AND sealed_at IS NOT NULL", send.organization
            )
        ]

    def open_rows(self, send: Send) -> int:
        states = [int(state) for state in OPEN_STATES]
        query = "SELECT count(*) FROM sending_delivery WHERE organization_id = %s AND state = ANY(%s)"
        return int(self.ask(query, send.organization, states)[0][0])

    def arrived(self, send: Send) -> int:
        return sum(1 for accepted in self.store.accepted() if accepted.rcpt.startswith(send.prefix))

    def wait_until_sealed(self, send: Send) -> None:
        house.wait_until(lambda: self.mailings(send), within=90, what=f"{send.prefix} is launched", every=0.3)

    def wait_until_finished(self, send: Send, *, within: float) -> float:
        """Until no row is open; then until Posthouse has noticed that itself."""
        began = time.monotonic()
        said = began
        while left := self.open_rows(send):
            if time.monotonic() - began > within:
                raise Broken(
                    f"{left} messages are still open {within:.0f} s after the last kill.\n{self.stage.words()}"
                )
            if time.monotonic() - said > 15:
                said = time.monotonic()
                report.say(f"{send.prefix}: {left:,} of {send.people:,} are open")
            time.sleep(0.5)
        finished = "SELECT count(*) FROM campaigns_campaign WHERE id = %s AND state = 'finished'"
        house.wait_until(
            lambda: self.ask(finished, send.campaign)[0][0], within=60, what="the campaign is called sent", every=0.5
        )
        return time.monotonic() - began

    def judge(self, send: Send, *, sent_back: Collection[str] = ()) -> referee.Count:
        """Count, and audit. Raises Broken when either finds anything. `sent_back`: see the referee."""
        mailings = self.mailings(send)
        if len(mailings) != 1:
            raise Broken(f"One campaign made {len(mailings)} mailings.")
        with self.house.connect() as connection:
            counted = referee.count(
                connection, mailing_id=mailings[0], prefix=send.prefix, store=self.store, sent_back=sent_back
            )
        report.say(f"{send.prefix}: " + ", ".join(f"{name} {number:,}" for name, number in counted.table()))
        if counted.audience != send.people:
            raise Broken(f"The audience is {counted.audience}, and {send.people} people were meant.")
        if counted.faults:
            raise Broken(f"{send.prefix}: {counted.faults} in {counted.table()}")
        if not self.audits_at_the_end:
            self.audit()
        return counted

    def audit(self) -> None:
        """The product's own audit. Raises Broken when it finds anything."""
        audit = self.house.manage("audit_ledger", check=False)
        if audit.returncode:
            raise Broken(f"audit_ledger: {audit.stdout[-2000:]}{audit.stderr[-500:]}")
        rebuilt = self.house.manage("rebuild_totals", "--check", check=False)
        if rebuilt.returncode:
            raise Broken(f"rebuild_totals --check: {rebuilt.stdout[-2000:]}{rebuilt.stderr[-500:]}")

    @contextlib.contextmanager
    def second_relay(self) -> Iterator[int]:
        """Another relay process beside the supervised one; gives its process id."""
        child = self.house.start_command("relay-2", "relay", role="daemon", environ={"POSTHOUSE_PROCESS": "relay-2"})
        try:
            process = child.process
            assert process is not None
            house.wait_until(
                lambda: self.ask("SELECT 1 FROM sending_relay WHERE pid = %s AND ended_at IS NULL", process.pid),
                within=30,
                what="the second relay has begun",
            )
            yield process.pid
        finally:
            self.house.stop("relay-2")


def crash(ground: Ground, *, people: int, kills: int, seed: int) -> Result:
    """kill -9 of relay, worker, mailroom and PostgreSQL at random moments: it finishes by itself, and everybody is counted."""
    send = ground.prepare("crash-", people)
    ground.program("launch", f"--campaign={send.campaign}")
    ground.wait_until_sealed(send)
    house.wait_until(lambda: ground.arrived(send), within=60, what="the first message arrived")
    mailroom = ("127.0.0.1", ground.house.port + MAILROOM)
    with Postman(ground.log, prefix=send.prefix, mailroom=mailroom, one_in=SENT_BACK_ONE_IN) as postman:
        began = time.monotonic()
        did = torment(
            ground.running,
            kills=kills,
            chance=random.Random(seed),
            is_over=lambda: ground.arrived(send) >= send.people * 0.97,
        )
        torment_took = time.monotonic() - began
        left, reports_left = ground.open_rows(send), postman.left
        took = ground.wait_until_finished(send, within=900)
        postman.finish(within=120)
        health = ground.running.wait_until_healthy(within=60)
    if postman.told.refused:
        raise Broken(f"The mailroom refused {postman.told.refused} genuine reports for good.")
    counted = ground.judge(send, sent_back=postman.returned)
    return Result(
        "crash",
        counted,
        {
            **{f"kill -9 {name}": times for name, times in sorted(did.done.items())},
            "in all": did.total,
            "within s": round(torment_took),
            "open at the last kill": left,
            "finished after s": round(took),
            "reports that waited at the last kill": reports_left,
            "tries of reports without an answer or with 4xx": postman.told.again,
            "healthy after s": round(health),
        },
    )


def stopped(ground: Ground, *, people: int) -> Result:
    """A relay that is stopped (SIGSTOP) past its lease and goes on (SIGCONT) sends nothing: another one has taken over."""
    send = ground.prepare("stopped-", people)
    with ground.second_relay():
        sleeper = ground.running.pid_of("relay")
        assert sleeper is not None
        name = ground.ask("SELECT max(id) FROM sending_relay WHERE pid = %s AND ended_at IS NULL", sleeper)[0][0]
        ground.program("launch", f"--campaign={send.campaign}")
        ground.wait_until_sealed(send)
        held = "SELECT count(*) FROM sending_delivery d JOIN sending_relay r ON r.id = d.relay_id WHERE r.pid = %s AND d.state = %s"
        house.wait_until(
            lambda: (
                ground.ask(held, sleeper, int(DeliveryState.SENDING))[0][0] and ground.arrived(send) > people * 0.05
            ),
            within=60,
            what="the relay that will be stopped has work",
            every=0.1,
        )
        os.kill(sleeper, signal.SIGSTOP)
        try:
            lease = house.wait_until(
                lambda: ground.ask("SELECT 1 FROM sending_relay WHERE id = %s AND swept_at IS NOT NULL", name),
                within=ENDED_WITHIN,
                what="the stopped relay is ended and swept",
                every=0.2,
            )
            swept = {row[0] for row in ground.ask(_DOUBTED, send.organization, int(DeliveryState.IN_DOUBT))}
            mail_before = {a.rcpt for a in ground.store.accepted() if a.rcpt.startswith(send.prefix)}
        finally:
            os.kill(sleeper, signal.SIGCONT)
        woken = time.time()
        time.sleep(QUIET)
        late = {a.rcpt for a in ground.store.accepted(since=woken) if a.rcpt in swept}
        if late:
            raise Broken(f"The relay that woke sent to {len(late)} people whose messages had been taken from it.")
        house.wait_until(
            lambda: ground.ask("SELECT 1 FROM sending_relay WHERE pid = %s AND id > %s", sleeper, name),
            within=30,
            what="the relay that woke has begun anew under another number",
        )
        ground.wait_until_finished(send, within=240)
    counted = ground.judge(send)
    if counted.twice:
        raise Broken(f"{counted.twice} people got it twice.")
    return Result(
        "stopped",
        counted,
        {"taken over after s": round(lease, 1), "unconfirmed": len(swept), "of them arrived": len(swept & mail_before)},
    )


_DOUBTED = "SELECT address FROM sending_delivery WHERE organization_id = %s AND state = %s"


def two(ground: Ground, *, people: int) -> Result:
    """Two launches of one campaign at once make one mailing; two relays on one database deliver each row once."""
    send = ground.prepare("two-", people)
    with ground.second_relay() as second:
        first = ground.running.pid_of("relay")
        moment = time.time() + 6  # both have loaded everything by then
        line = [sys.executable, "-m", "prove.seeding", "launch", f"--campaign={send.campaign}", f"--at={moment}"]
        both = [
            subprocess.Popen(
                line,
                cwd=CHECKOUT,
                env={**ground.house.environ, "POSTHOUSE_ROLE": "app"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=120) for process in both]
        if all(process.returncode for process in both):
            raise Broken(f"Neither launch was accepted: {said}")
        launched = sum(json.loads(out.strip().splitlines()[-1])["launched"] for out, _ in said if out.strip())
        if launched != 1:
            raise Broken(f"{launched} of two presses of Send launched the campaign.")
        ground.wait_until_sealed(send)
        worked: set[int] = set()
        while ground.open_rows(send):
            query = "SELECT DISTINCT r.pid FROM sending_delivery d JOIN sending_relay r ON r.id = d.relay_id WHERE d.state = %s"
            worked |= {row[0] for row in ground.ask(query, int(DeliveryState.SENDING))}
            if ground.arrived(send) > people * 0.9:
                break
            time.sleep(0.2)
        if worked != {first, second}:
            raise Broken(f"Of the relays {first} and {second} only {worked} had work.")
        ground.wait_until_finished(send, within=240)
    counted = ground.judge(send)
    if counted.twice:
        raise Broken(f"{counted.twice} people got it twice.")
    return Result(
        "two",
        counted,
        {"presses of Send": len(both), "launches": launched, "relays that worked": len(worked)},
    )


def audit(ground: Ground) -> Result:
    """The product's own audit, of everything that was done to it."""
    ground.audit()
    return Result("audit", None, {"audit_ledger": "adds up", "rebuild_totals --check": "agrees"})


def _is_outage(error: Exception) -> bool:
    import psycopg

    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
