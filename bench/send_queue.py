"""What a long queue and an empty one cost, for `bench/send.py`: cost a message, memory, processor when idle."""

import os
import time
from collections.abc import Callable
from typing import Any

from bench import send_relays
from bench.house import House

QUEUED = int(os.environ.get("BENCH_QUEUED", "1000000"))
DOMAINS = int(os.environ.get("BENCH_DOMAINS", "5000"))
IDLE = float(os.environ.get("BENCH_IDLE", "60"))
SHORT = 10_000
MEMORY_RUN = 20_000  # messages that leave of the long queue while memory is watched
SITES = "20"

Seed = Callable[..., int]


def flat(house: House, seed: Seed, relays: int, report: Any) -> None:
    """The same number of messages, out of a queue of just these (before and after) and out of one of QUEUED."""
    short = min(SHORT, QUEUED // 10)
    fews = [send_relays.send(house, seed(short, SITES), relays=relays)]
    house.empty()
    many = send_relays.send(house, seed(QUEUED, SITES), relays=relays, most=short)
    house.empty()
    fews.append(send_relays.send(house, seed(short, SITES), relays=relays))
    took = sum(1000 / few.steady for few in fews) / len(fews)
    told = f"{short:,} of {QUEUED:,} queued, against {short:,} of {short:,}"
    report.emit(
        "send.queue_cost_ratio",
        1000 / many.steady / took,
        "times",
        f"{told}: {took:.2f} ms a message",
        1.15,
        "lower",
    )
    was = sum(few.cpu + few.database_cpu for few in fews) / len(fews)
    report.emit(
        "send.queue_cpu_ratio",
        (many.cpu + many.database_cpu) / was,
        "times",
        f"{told}: {was:.2f} ms of processor a message, PostgreSQL with it",
        1.15,
        "lower",
    )


def memory(house: House, seed: Seed, relays: int, report: Any) -> None:
    """The largest relay at the most, with QUEUED messages over DOMAINS domains."""
    most = min(MEMORY_RUN, QUEUED // 2)
    sent = send_relays.send(house, seed(QUEUED, str(DOMAINS)), relays=relays, most=most)
    told = f"{QUEUED:,} queued over {DOMAINS:,} domains, {sent.messages:,} of them sent at {sent.rate:.0f}/s"
    report.emit("send.memory_mb", sent.memory, "MB", told, 250, "lower")


def idle(house: House, report: Any) -> None:
    """One relay with an empty ledger, and what the database does for it."""
    with house.connect() as database:
        (name,) = send_relays.start(house, 1, database)
        time.sleep(8)
        pid, postgres = send_relays.pid_of(house, name), send_relays.database_pid(house)
        before, database_before = send_relays.cpu_of(pid), send_relays.cpu_of(postgres, family=True)
        time.sleep(IDLE)
        used = send_relays.cpu_of(pid) - before
        of_database = send_relays.cpu_of(postgres, family=True) - database_before
        house.stop(name)
    told = f"one core for {IDLE:.0f} s; PostgreSQL with all its own work meanwhile: {of_database / IDLE:.4f}"
    report.emit("send.idle_cpu", used / IDLE, "share of a core", told, 0.02, "lower")
