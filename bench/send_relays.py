"""Letting relays send a seeded mailing, for `bench/send.py`: how fast, at what cost of processor and memory."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench import house as houses
from bench import report
from bench.house import CHECKOUT, House

WITHIN = float(os.environ.get("BENCH_WITHIN", "1200"))
TICKS = os.sysconf("SC_CLK_TCK")
HELD = "paused"


@dataclass(frozen=True)
class Sent:
    """What a run came to. Rates are messages a second: `rate` from the first to the last, `steady` without the first and the last
    tenth of them. `cpu`, `database_cpu`: milliseconds of processor a message; `memory`: MB of the largest relay, at the most.
    """

    messages: int
    rate: float
    steady: float
    cpu: float
    database_cpu: float
    memory: float
    by_domain: dict[str, float]


def seed(house: House, people: int, homes: str, *, octets: int = 0) -> int:
    """A mailing that is held; `homes` as bench/send_seeding.py takes them."""
    report.say(f"seeding {people:,} people ...")
    more = [str(octets)] if octets else []
    seeded = house.script(CHECKOUT / "bench" / "send_seeding.py", str(people), homes, *more)
    return int(str(seeded["mailing"]))


def size_of_one(house: House, mailing: int) -> int:
    """The bytes of one message as the relay makes it."""
    answer = house.script(CHECKOUT / "bench" / "send_one.py", str(mailing), role="daemon")
    return int(str(answer["bytes"]))


def send(house: House, mailing: int, *, relays: int = 2, most: int = 0, all_of_it: bool = True) -> Sent:
    """Let the mailing go until `most` messages (0: all) were delivered; checks the ledger when all of it was sent."""
    with house.connect() as database:
        database.autocommit = True

        def one(statement: str) -> float:
            row = database.execute(statement, {"mailing": mailing}).fetchone()
            return float(str(row[0] or 0)) if row else 0.0

        names = start(house, relays, database)
        people = int(one("SELECT audience_size FROM sending_mailing WHERE id = %(mailing)s"))
        wanted = most or people
        database.execute("ANALYZE")
        pids = [pid_of(house, name) for name in names]
        postgres = database_pid(house)
        before, database_before = sum(map(cpu_of, pids)), cpu_of(postgres, family=True)
        watch = Watch(pids)
        database.execute("UPDATE sending_mailing SET hold = NULL WHERE id = %s", [mailing])
        began = time.monotonic()
        database.execute("SELECT pg_notify('posthouse_mail', '')")
        times = "FROM sending_event WHERE mailing_id = %(mailing)s AND kind = 101"
        while (delivered := int(one(f"SELECT count(*) {times}"))) < wanted:
            if time.monotonic() - began > WITHIN:
                raise TimeoutError(f"{wanted - delivered} messages are still on their way.\n{house.logs(names[0])}")
            if all(gone(house, name) for name in names):
                raise RuntimeError(f"The relays have ended.\n{house.logs(names[0])}")
            report.say(f"{wanted - delivered:,} to go")
            time.sleep(1)
        database.execute("UPDATE sending_mailing SET hold = %s WHERE id = %s AND %s", [HELD, mailing, bool(most)])
        cpu, database_cpu = sum(map(cpu_of, pids)) - before, cpu_of(postgres, family=True) - database_before
        memory = watch.stop()
        house.stop(*names)
        delivered = int(one(f"SELECT count(*) {times}"))
        span = one(f"SELECT extract(epoch FROM max(at) - min(at)) {times}")
        tenth, last_tenth = (f"percentile_disc({share}) WITHIN GROUP (ORDER BY at)" for share in (0.1, 0.9))
        middle = one(f"SELECT extract(epoch FROM {last_tenth} - {tenth}) {times}")
        by_domain = database.execute(
            "SELECT split_part(d.address, '@', 2), count(*) / nullif(extract(epoch FROM max(e.at) - min(e.at)), 0) "
            "FROM sending_event e JOIN sending_delivery d ON d.id = e.delivery_id "
            "WHERE e.mailing_id = %s AND e.kind = 101 GROUP BY 1 LIMIT 20",
            [mailing],
        ).fetchall()
    if not most and delivered != people:
        raise RuntimeError(f"{delivered} of {people} were delivered.\n{house.logs(names[0])}")
    if not most and all_of_it:
        audit = house.manage("audit_ledger", role="daemon", check=False)
        if audit.returncode:
            raise RuntimeError(f"The ledger does not add up: {audit.stdout[-1000:]}{audit.stderr[-1000:]}")
    return Sent(
        messages=delivered,
        rate=delivered / span,
        steady=delivered * 0.8 / middle,
        cpu=cpu / delivered * 1000,
        database_cpu=database_cpu / delivered * 1000,
        memory=memory,
        by_domain={str(domain): float(str(rate or 0)) for domain, rate in by_domain},
    )


def start(house: House, relays: int, database: "houses.psycopg.Connection[tuple[object, ...]]") -> list[str]:
    """Relays that are up and have nothing to do yet, by name. Each signs by itself where there are as many as cores."""
    cores = os.cpu_count() or 1
    signers = 0 if relays >= cores else min(4, cores)
    names = [f"relay{n}" for n in range(relays)]
    for name in names:
        house.start_command(name, "relay", f"--signers={signers}", role="daemon")
    houses.wait_until(
        lambda: database.execute("SELECT count(*) FROM sending_relay WHERE ended_at IS NULL").fetchone() == (relays,),
        within=60,
        what="the relays run",
    )
    time.sleep(2)  # the last of the start is over
    return names


def gone(house: House, name: str) -> bool:
    process = house.children[name].process
    return process is None or process.poll() is not None


def pid_of(house: House, name: str) -> int:
    process = house.children[name].process
    assert process is not None
    return process.pid


def database_pid(house: House) -> int:
    """The process whose children serve the connections."""
    return int((house.here.postgres_data / "postmaster.pid").read_text().split()[0])


def cpu_of(pid: int, *, family: bool = False) -> float:
    """Seconds of processor that a process has used, threads and ended children too; `family`: and those that run."""
    total = 0.0
    for one in [pid, *(houses.descendants(pid) if family else ())]:
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15] if one == pid else fields[11:13])) / TICKS
    return total


def memory_of(pid: int) -> float:
    """MB of memory that a process holds now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Watch:
    """Looks at processes' memory twice a second, on a thread."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._most = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The most that one of them held, in MB."""
        self._stopped.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._stopped.wait(0.5):
            try:
                self._most = max(self._most, *(memory_of(pid) for pid in self._pids))
            except OSError:
                return
