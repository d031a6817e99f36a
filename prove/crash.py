"""Kills at random moments: relay, worker, mailroom and PostgreSQL are killed with kill -9 while mail goes out and comes in.

Each lives for a random while, mostly for seconds, now and then for longer than the supervisor takes for steady: so some are
killed while they start, some in full work, and no one is left down for half a minute because it dies too often in a row.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench import report
from posthouse.up.children import STEADY_AFTER
from prove.running import Running

VICTIMS = ("relay", "postgres", "mailroom", "worker")
SOON = (0.3, 5.0)  # seconds of life
LATE = (STEADY_AFTER + 0.5, STEADY_AFTER + 6.0)
CYCLE = (SOON, SOON, LATE)
SECONDS_A_KILL = 2.8  # of a long run, as measured
LOOK_EVERY = 0.1


@dataclass
class Kills:
    """How often each was killed."""

    done: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.done.values())


@dataclass
class Victim:
    """One service: its process of now, since when it is known, and how long it may live."""

    lives: Iterator[float]
    pid: int = 0
    since: float = 0.0
    life: float = 0.0

    def is_due(self, pid: int | None, now: float) -> bool:
        if pid is None:
            return False
        if pid != self.pid:
            self.pid, self.since, self.life = pid, now, next(self.lives)
        return now - self.since >= self.life


def torment(running: Running, *, kills: int, chance: random.Random, is_over: Callable[[], bool]) -> Kills:
    """Kill until `kills` are done. Raises RuntimeError when the send was over before: then nothing was proved."""
    did = Kills()
    victims = {name: Victim(lives(chance)) for name in VICTIMS}
    began = looked = time.monotonic()
    while did.total < kills:
        time.sleep(LOOK_EVERY)
        if time.monotonic() - looked > 1.0:
            looked = time.monotonic()
            if is_over():
                raise RuntimeError(f"The send was over after {did.total} of {kills} kills; slow the receivers down.")
        for name, victim in victims.items():
            if did.total < kills and victim.is_due(running.pid_of(name), time.monotonic()):
                pid = running.kill(name)
                if pid is None:
                    continue
                did.done[name] += 1
                report.say(f"{did.total:3d}/{kills}  {time.monotonic() - began:6.1f} s  kill -9 {name} (process {pid})")
    return did


def lives(chance: random.Random) -> Iterator[float]:
    """How long one after the other may live: seconds at first, then in each round the same spans, in another order."""
    yield chance.uniform(*SOON)
    while True:
        for span in chance.sample(CYCLE, len(CYCLE)):
            yield chance.uniform(*span)
