"""`python -m prove`: torments the running product, prints what became of everybody, and fails when one promise was broken.

python -m prove                       everything: 200 kills during a send to 20,000 people, and the other cases
python -m prove only=crash kills=400  one case, with other numbers (people=, kills=, seed=)
python -m prove short                 4 kills, 1,000 people, and a short form of the other faults: what the tests run
python -m prove write                 also writes the table into docs/proofs.md
"""

import contextlib
import datetime
import os
import platform
import sys
import time
import traceback
from collections.abc import Iterator

from bench import house, report
from posthouse.up.places import CHECKOUT
from prove import importing, launching, proofs, world
from prove.running import Running
from prove.scenarios import SCENARIOS, Broken, Ground, Result

PAUSES = (0.5, 5.0)  # seconds between two kills
SHORT_PAUSES = (0.5, 3.5)
PORT = 19_000


def main(arguments: list[str]) -> int:
    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    words = {argument for argument in arguments if "=" not in argument}
    unknown = (set(options) - {"only", "kills", "people", "seed"}) | (words - {"short", "write"})
    known = {**SCENARIOS, "imports": importing.imports, "launches": launching.launches}
    wanted = options.get("only", ",".join(["crash"] if "short" in words else known)).split(",")
    if unknown or set(wanted) - set(known):
        print(__doc__, file=sys.stderr)
        return 2
    short = "short" in words
    kills = int(options.get("kills", 4 if short else 200))
    people = int(options.get("people", 1_000 if short else 20_000))
    seed = int(options.get("seed", time.time()))
    pauses = SHORT_PAUSES if "short" in words else PAUSES
    pace = people / (kills * sum(pauses) / 2)  # so that the send lasts at least as long as the kills
    few = max(200, people // 10)
    cases = {
        "crash": lambda ground: SCENARIOS["crash"](ground, people=people, kills=kills, pauses=pauses, seed=seed),
        "two": lambda ground: SCENARIOS["two"](ground, people=few),
        "stopped": lambda ground: SCENARIOS["stopped"](ground, people=few),
        "launches": lambda ground: launching.launches(ground, people=few),
        "imports": lambda ground: importing.imports(ground, people=max(10_000, people * 5), seed=seed),
    }
    began = time.monotonic()
    report.say(f"seed={seed}")
    results: list[Result] = []
    broken: list[str] = []
    with prepared(pace=pace, greylist=not short) as running:
        ground = Ground(running)
        for name in wanted:
            since = time.monotonic()
            report.say(f"--- {name}: {(known[name].__doc__ or '').strip()}")
            try:
                result = cases[name](ground)
            except (Broken, TimeoutError, RuntimeError) as trouble:
                broken.append(name)
                if not isinstance(trouble, Broken):
                    traceback.print_exc()
                report.say(f"BROKEN: {trouble}")
            else:
                result.took = time.monotonic() - since
                results.append(result)
    took = time.monotonic() - began
    table = proofs.table(results)
    print(table)
    if "write" in words and not broken:
        today = datetime.datetime.now(datetime.UTC).date()
        facts = f"{today}, {os.cpu_count()} cores, Python {platform.python_version()}, seed {seed}"
        proofs.write(CHECKOUT / "docs" / "proofs.md", table, facts)
    failed = f"{len(broken)} failed ({', '.join(broken)}), " if broken else ""
    print(f"\n=== {failed}{len(results)} passed in {took:.2f}s ===")
    return 1 if broken else 0


@contextlib.contextmanager
def prepared(*, pace: float, greylist: bool) -> Iterator[Running]:
    """The product, started on an empty database of its own."""
    var = CHECKOUT / "var" / "prove"
    characters = var / "characters.toml"
    world.write(characters, pace=pace, greylist=greylist)
    (var / "sandbox" / "world.sqlite3").unlink(missing_ok=True)
    options = {"SANDBOX_OPTIONS": f"--characters {characters}"}
    own = house.House(var, port=house.free_ports(PORT), environ=options)
    own.open()
    own.close()  # the database is there, migrated and empty, so `up` seeds no demo
    for log in own.here.logs.glob("*.log"):
        log.unlink()
    with Running(own) as running:
        yield running


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
