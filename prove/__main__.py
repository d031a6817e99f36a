"""`python -m prove`: torments the running product, prints what became of everybody, and fails when one promise was broken.

python -m prove                       everything: 200 kills during a send to 20,000 people, and the other cases
python -m prove only=crash kills=400  one case, or several with commas, with other numbers (people=, kills=, seed=)
python -m prove only=world            the cases whose surroundings fail: restarts, broker, disk, clock, names
python -m prove short                 a few kills, few people, no long waits: what the tests run
python -m prove write                 also writes what was counted, in the last run of each case, into docs/proofs.md
"""

import contextlib
import datetime
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import house, report
from posthouse.up.places import CHECKOUT
from prove import clock, crash, importing, launching, names, proofs, scenarios, smuggling, surroundings, wire, world
from prove.running import Running
from prove.scenarios import Broken, Ground, Result
from prove.workshop import Workshop

PORT, WORKSHOP_PORT = 19_000, 19_400
KEPT = CHECKOUT / "var" / "proofs"
WORKSHOP = CHECKOUT / "var" / "prove-workshop"
CHARACTERS = WORKSHOP / "characters.toml"
WORKSHOP_PACE = 40.0  # messages a second


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """How much of it."""

    short: bool
    kills: int
    people: int
    seed: int

    @property
    def few(self) -> int:
        return max(200, self.people // 10)

    @property
    def many(self) -> int:
        """So that a send in the workshop lasts long enough for what is done to it."""
        return 250 if self.short else 4_000

    @property
    def pace(self) -> float:
        """Messages a second that the receivers take, so that the send lasts longer than the kills, however few they are."""
        return self.people / max(self.kills * crash.SECONDS_A_KILL / 1.4, 2 * crash.SOON[1])


# Under the product's own supervisor.
SUPERVISED: dict[str, Callable[[Ground, Numbers], Result]] = {
    "crash": lambda ground, n: scenarios.crash(ground, people=n.people, kills=n.kills, seed=n.seed),
    "two": lambda ground, n: scenarios.two(ground, people=n.few),
    "stopped": lambda ground, n: scenarios.stopped(ground, people=n.few),
    "launches": lambda ground, n: launching.launches(ground, people=n.few),
    "imports": lambda ground, n: importing.imports(ground, people=max(10_000, n.people * 5), seed=n.seed),
}
# Where the surroundings can be taken away.
IN_WORKSHOP: dict[str, Callable[[Ground, Workshop, Numbers], Result]] = {
    "wire": lambda ground, workshop, n: wire.wire(ground, workshop, people=2 if n.short else 6, patient=not n.short),
    "smuggling": lambda ground, workshop, n: smuggling.smuggling(ground, workshop),
    "restarts": lambda ground, workshop, n: surroundings.restarts(
        ground, workshop, people=n.many, away=3.0 if n.short else 25.0
    ),
    "broker": lambda ground, workshop, n: surroundings.broker(
        ground, workshop, people=n.many, away=3.0 if n.short else 60.0
    ),
    "disk": lambda ground, workshop, n: surroundings.disk(
        ground, workshop, people=n.many, full_for=4.0 if n.short else 30.0
    ),
    "clock": lambda ground, workshop, n: clock.clock(
        ground, workshop, people=n.many, pause=1.0 if n.short else 15.0, patient=not n.short
    ),
    "names": lambda ground, workshop, n: names.names(
        ground, workshop, people=2 if n.short else 6, patient=not n.short, cast=CHARACTERS
    ),
}
GROUPS = {"world": ("restarts", "broker", "disk", "clock", "names")}
SHORT = ("crash", *IN_WORKSHOP)


def main(arguments: list[str]) -> int:
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    words = {argument for argument in arguments if "=" not in argument}
    unknown = (set(options) - {"only", "kills", "people", "seed"}) | (words - {"short", "write"})
    short = "short" in words
    asked = options["only"].split(",") if "only" in options else (SHORT if short else [*SUPERVISED, *IN_WORKSHOP])
    wanted = [name for group in asked for name in GROUPS.get(group, (group,))]
    if unknown or set(wanted) - {*SUPERVISED, *IN_WORKSHOP}:
        print(__doc__, file=sys.stderr)
        return 2
    numbers = Numbers(
        short=short,
        kills=int(options.get("kills", 4 if short else 200)),
        people=int(options.get("people", 1_000 if short else 20_000)),
        seed=int(options.get("seed", time.time())),
    )
    began = time.monotonic()
    report.say(f"seed={numbers.seed}")
    results: list[Result] = []
    broken: list[str] = []
    if supervised := [name for name in wanted if name in SUPERVISED]:
        with prepared(numbers) as running:
            ground = Ground(running)
            for name in supervised:
                attempt(name, lambda name=name: SUPERVISED[name](ground, numbers), results, broken)  # type: ignore[misc]
    if others := [name for name in wanted if name in IN_WORKSHOP]:
        with furnished() as workshop:
            ground = Ground(workshop, audits_at_the_end=short)
            for name in others:
                attempt(name, lambda name=name: IN_WORKSHOP[name](ground, workshop, numbers), results, broken)  # type: ignore[misc]
            if short:
                attempt("audit", lambda: scenarios.audit(ground), results, broken)
    took = time.monotonic() - began
    today = datetime.datetime.now(datetime.UTC).date()
    facts = f"{today}, {os.cpu_count()} cores, Python {platform.python_version()}, seed {numbers.seed}"
    shown = [proofs.Shown.of(result, facts) for result in results]
    print(proofs.table(shown))
    if not short:
        for each in shown:
            proofs.keep(KEPT, each)
        if "write" in words and not broken:
            everything = proofs.kept(KEPT, [*SUPERVISED, *IN_WORKSHOP])
            proofs.write(CHECKOUT / "docs" / "proofs.md", proofs.table(everything))
    failed = f"{len(broken)} failed ({', '.join(broken)}), " if broken else ""
    print(f"\n=== {failed}{len(results)} passed in {took:.2f}s ===")
    return 1 if broken else 0


def attempt(name: str, case: Callable[[], Result], results: list[Result], broken: list[str]) -> None:
    """One case; what it found is noted, and the next one has its turn."""
    since = time.monotonic()
    report.say(f"--- {name}")
    try:
        result = case()
    except Exception as trouble:  # noqa: BLE001  (one case that breaks must not keep the others from being tried)
        broken.append(name)
        if not isinstance(trouble, Broken):
            traceback.print_exc()
        report.say(f"BROKEN: {trouble}")
    else:
        result.took = time.monotonic() - since
        results.append(result)


@contextlib.contextmanager
def prepared(numbers: Numbers) -> Iterator[Running]:
    """The product, started on an empty database of its own."""
    var = CHECKOUT / "var" / "prove"
    characters = var / "characters.toml"
    world.write(characters, pace=numbers.pace, greylist=not numbers.short)
    (var / "sandbox" / "world.sqlite3").unlink(missing_ok=True)
    options = {"SANDBOX_OPTIONS": f"--characters {characters}"}
    own = house.House(var, port=house.free_ports(PORT), environ=options)
    own.open()
    own.close()  # the database is there, migrated and empty, so `up` seeds no demo
    for log in own.here.logs.glob("*.log"):
        log.unlink()
    with Running(own) as running:
        yield running


@contextlib.contextmanager
def furnished() -> Iterator[Workshop]:
    """The product at work on an empty database of its own, with servers that we can take away."""
    world.write(CHARACTERS, pace=WORKSHOP_PACE, greylist=False)
    (WORKSHOP / "sandbox" / "world.sqlite3").unlink(missing_ok=True)
    own = house.House(WORKSHOP, port=house.free_ports(WORKSHOP_PORT))
    with surroundings.small_disk(own), own:
        for name in ("relay", "worker", "bulk", "beat", "mailroom", "sandbox"):
            (own.here.logs / f"{name}.log").unlink(missing_ok=True)
        with Workshop(own, characters=CHARACTERS) as workshop:
            yield workshop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
