"""Kills at random moments: the relay, the worker and PostgreSQL are killed with kill -9 while a send is on its way."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from bench import house, report
from prove.running import Running

TARGETS = ("relay", "postgres", "worker")  # the relay and PostgreSQL hold what could be lost, so they die more often
WEIGHTS = (5, 3, 2)
LEAST_PAUSE, LONGEST_PAUSE = 1.5, 9.0  # seconds between two kills
MEAN_PAUSE = (LEAST_PAUSE + LONGEST_PAUSE) / 2


@dataclass
class Kills:
    """What was done. `doubts`: how many messages were newly unconfirmed between one kill and the next."""

    done: Counter[str] = field(default_factory=Counter)
    moments: list[tuple[float, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.done.values())


def torment(running: Running, *, kills: int, chance: random.Random, is_over: "house.Callable[[], bool]") -> Kills:
    """Kill until `kills` are done. Raises RuntimeError when the send was over before: then nothing was proved."""
    did = Kills()
    began = time.monotonic()
    while did.total < kills:
        time.sleep(chance.uniform(LEAST_PAUSE, LONGEST_PAUSE))
        name = chance.choices(TARGETS, WEIGHTS)[0]
        if is_over():
            raise RuntimeError(f"The send was over after {did.total} of {kills} kills; slow the receivers down.")
        pid = running.kill(name)
        if pid is None:
            continue  # it is down already, and its supervisor is about to start it again
        did.done[name] += 1
        did.moments.append((time.monotonic() - began, name))
        report.say(f"{did.total:3d}/{kills}  {time.monotonic() - began:6.1f} s  kill -9 {name} (process {pid})")
    return did
