"""Kills at random moments: the relay, the worker and PostgreSQL are killed with kill -9 while a send is on its way."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import report
from prove.running import Running

# The relay and PostgreSQL hold what could be lost, so they die more often.
TURNS = ("relay", "postgres", "relay", "worker", "relay", "postgres", "relay", "postgres", "worker", "relay")


@dataclass
class Kills:
    """How often each was killed."""

    done: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.done.values())


def torment(
    running: Running, *, kills: int, pauses: tuple[float, float], chance: random.Random, is_over: Callable[[], bool]
) -> Kills:
    """Kill until `kills` are done, with pauses between the two numbers (seconds).

    Raises RuntimeError when the send was over before: then nothing was proved.
    """
    did = Kills()
    order = [TURNS[number % len(TURNS)] for number in range(kills)]
    chance.shuffle(order)
    began = time.monotonic()
    while did.total < kills:
        time.sleep(chance.uniform(*pauses))
        name = order[did.total]
        if is_over():
            raise RuntimeError(f"The send was over after {did.total} of {kills} kills; slow the receivers down.")
        pid = running.kill(name)
        if pid is None:
            continue  # it is down already, and its supervisor is about to start it again
        did.done[name] += 1
        report.say(f"{did.total:3d}/{kills}  {time.monotonic() - began:6.1f} s  kill -9 {name} (process {pid})")
    return did
