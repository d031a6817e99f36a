"""How long a design compiles: lint, clean, MJML, inline, second wall and plain text, in the guarded child, when it is warm.

The largest of our own designs, dressed in a kit with a logo and links; measured from outside, the pipe to the child included.
"""

import statistics
import time
from types import ModuleType

from bench import report as default_report
from campaigns.designs import guard
from campaigns.designs import kit as kits
from campaigns.designs.kit import Kit, Logo
from campaigns.designs.starters import STARTERS
from sending.merging import known_names

ROUNDS = 200
TARGET = 15.0
KIT = Kit(
    name="Copper Kettle Coffee",
    logo=Logo("/media/kettle/0123456789abcdef0123456789abcdef.png", 400, 120),
    social=(
        ("website", "https://kettle.example"),
        ("instagram", "https://i.example"),
        ("youtube", "https://y.example"),
    ),
)


def run(report: ModuleType = default_report) -> None:
    """Measures, and reports the numbers."""
    sizes = {each.key: guard.compile_design(_dressed(each.mjml)).size for each in STARTERS}
    largest = max(STARTERS, key=lambda each: sizes[each.key])
    names = known_names()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        guard.compile_design(_dressed(largest.mjml), known=names, preheader="What is inside")
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    report.say(f"{largest.name}: {sizes[largest.key]} octets of HTML; p95 {times[int(ROUNDS * 0.95)]:.1f} ms")
    against = (
        f"the largest starter, {sizes[largest.key] // 1024} kB of HTML, dressed and guarded; the median of {ROUNDS}"
    )
    report.emit("designs.compile_ms", statistics.median(times), "ms", against, TARGET, "lower")


def _dressed(mjml: str) -> str:
    return kits.dress(mjml, KIT, base="https://links.example")


if __name__ == "__main__":
    run()
