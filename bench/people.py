"""How fast the list of people, its search and a person's page are at a million people and ten million messages.

`people.list_p95_ms`, `people.search_p95_ms`, `people.person_p95_ms`: the server's time from request to response of the
product's own views under row-level security, over every kind of filter and sort, frequent and rare needles, and people here
and there. A list that stops looking after a while and says so counts as it is; how many did is said beside the number.
"""

import os

from bench import crowd
from bench import report as default_report
from bench.house import CHECKOUT

PEOPLE = int(os.environ.get("BENCH_PEOPLE_PEOPLE", str(crowd.PEOPLE)))
DELIVERIES = int(os.environ.get("BENCH_PEOPLE_DELIVERIES", str(crowd.DELIVERIES)))
ROUNDS = int(os.environ.get("BENCH_PEOPLE_ROUNDS", "5"))
P95 = 200
ASKING = CHECKOUT / "bench" / "people_asking.py"


def run(report=default_report) -> int:  # type: ignore[no-untyped-def]
    with crowd.house(people=PEOPLE, deliveries=DELIVERIES) as (house, made):
        asked = house.script(ASKING, made.public_id, str(ROUNDS), str(made.first), str(made.people))
        for name in ("list", "search", "person"):
            found: dict[str, float] = asked[name]  # type: ignore[assignment]
            report.say(f"the slowest of {name}: {found['slowest']} ({found['slowest_ms']:.0f} ms)")
            report.emit(
                f"people.{name}_p95_ms",
                found["p95"],
                "ms",
                f"{found['requests']} pages, median {found['median']:.0f} ms; {found['partly']} of them said how far they had "
                f"looked; {made.people:,} people, {made.deliveries:,} messages",
                P95,
                "lower",
            )
    return 0
