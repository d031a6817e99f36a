"""How fast a segment is asked of a million people and ten million messages: against hand-written SQL, and in the builder.

`segment.sql_ratio`: the builder's exact count of a segment that is nested three deep and has two conditions about activity,
against the better of two statements by hand for the same question; all as the web's role under row-level security, in the
same process, by turns. `segment.builder_p95_ms`: what a marketer waits for the builder's answer with a count,
over requests that build up and change such segments, through the product's own views.
"""

import os
from statistics import median

from bench import crowd
from bench import report as default_report
from bench.house import CHECKOUT

PEOPLE = int(os.environ.get("BENCH_SEGMENT_PEOPLE", str(crowd.PEOPLE)))
DELIVERIES = int(os.environ.get("BENCH_SEGMENT_DELIVERIES", str(crowd.DELIVERIES)))
ROUNDS = int(os.environ.get("BENCH_SEGMENT_ROUNDS", "7"))
RATIO, P95 = 1.3, 500
ASKING = CHECKOUT / "bench" / "segment_asking.py"


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    with crowd.house(people=PEOPLE, deliveries=DELIVERIES) as (house, made):
        size = f"{made.people:,} people, {made.deliveries:,} deliveries"
        asked = house.script(ASKING, "ratio", made.public_id, str(ROUNDS))
        times: dict[str, list[float]] = asked["times"]  # type: ignore[assignment]
        medians = {name: median(found) for name, found in times.items()}
        report.say(", ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in medians.items()))
        ours = medians.pop("compiled")
        hand = min(medians.values())
        report.emit(
            "segment.sql_ratio",
            ours / hand,
            "times",
            f"hand-written SQL for the same {asked['people']:,} people: {hand:.0f} ms; compiled {ours:.0f} ms; {size}",
            RATIO,
            "lower",
        )
        built = house.script(ASKING, "builder", made.public_id, str(ROUNDS))
        report.emit(
            "segment.builder_p95_ms",
            float(str(built["p95"])),
            "ms",
            f"{built['requests']} answers with a count, median {built['median']:.0f} ms, slowest {built['slowest']:.0f} ms; "
            f"the exact count follows after {built['exact']:.0f} ms (median); {size}",
            P95,
            "lower",
        )
    return 0
