"""How fast an audience is frozen: the worker's own task for a million people, against a bare INSERT ... SELECT of the same rows.

Both write a million rows from the same audience in the same database and commit: the product with its indexes, lanes and
tallies, the bare one into a table without any index. Rounds alternate; the medians are compared.

And how soon the first message is accepted after it may leave (`launch_first.py`).
"""

import os
from statistics import median

from bench import house as houses
from bench import launch_first
from bench import report as default_report
from bench.house import CHECKOUT

PEOPLE = int(os.environ.get("BENCH_LAUNCH_PEOPLE", "1000000"))
ROUNDS = int(os.environ.get("BENCH_LAUNCH_ROUNDS", "3"))
TARGET = 4.0
FIRST_TARGET = 1.0
HERE = CHECKOUT / "bench"


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    with houses.private("bench-launch") as house:
        report.say(f"seeding {PEOPLE:,} people ...")
        house.script(HERE / "launch_seeding.py", str(PEOPLE))
        with house.connect() as connection:
            connection.execute("CREATE TABLE bench_bare (LIKE sending_delivery)")
            connection.execute("GRANT ALL ON bench_bare TO posthouse_app")
            connection.execute("VACUUM ANALYZE")
        frozen, bare = [], []
        for number in range(1, ROUNDS + 1):
            answer = house.script(HERE / "launch_freezing.py", "freeze")
            frozen.append(float(str(answer["seconds"])))
            if int(str(answer["people"])) != PEOPLE:
                raise RuntimeError(f"{answer['people']} of {PEOPLE} people were frozen.")
            bare.append(float(str(house.script(HERE / "launch_freezing.py", "bare")["seconds"])))
            with house.connect() as connection:
                connection.execute("TRUNCATE bench_bare")
            report.say(f"round {number}: frozen in {frozen[-1]:.1f} s, bare {bare[-1]:.1f} s")
        report.emit(
            "launch.copy_ratio",
            median(frozen) / median(bare),
            "times",
            f"bare INSERT ... SELECT of {PEOPLE:,} rows into an unindexed table: {median(bare):.2f} s; "
            f"frozen in {median(frozen):.2f} s",
            TARGET,
            "lower",
        )
        undo = max(10.0, 3 * median(frozen))  # seconds: the freeze runs inside of it
        with_window = launch_first.measure(house, report, undo=undo)
        at_once = launch_first.measure(house, report, undo=0.0)
        report.emit(
            "launch.first_message_s",
            max(with_window, at_once),
            "s",
            f"{PEOPLE:,} people; after the end of a window of {undo:.0f} s: {with_window:.2f} s, after the freeze: {at_once:.2f} s",
            FIRST_TARGET,
            "lower",
        )
    return 0
