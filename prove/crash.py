"""Kills at random moments: relay, worker, mailroom and PostgreSQL are killed with kill -9 while mail goes out and comes in."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bench import report
from prove.running import Running

# The relay and PostgreSQL hold what could be lost, so they die more often.
TURNS = ("relay", "postgres", "mailroom", "relay", "worker", "postgres", "relay", "mailroom", "postgres", "relay")


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
    while order:
        time.sleep(chance.uniform(*pauses))
        if is_over():
            raise RuntimeError(f"The send was over after {did.total} of {kills} kills; slow the receivers down.")
        # Whoever is down at this moment comes later: its supervisor is about to start it again.
        name = next((name for name in dict.fromkeys(order) if running.pid_of(name) is not None), "")
        pid = running.kill(name) if name else None
        if pid is None:
            continue
        order.remove(name)
        did.done[name] += 1
        report.say(f"{did.total:3d}/{kills}  {time.monotonic() - began:6.1f} s  kill -9 {name} (process {pid})")
    return did
