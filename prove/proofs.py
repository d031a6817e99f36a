"""Says what was proved: a table for people, and the same in docs/proofs.md."""

import re
from collections.abc import Sequence
from pathlib import Path

from prove.scenarios import Result

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def table(results: Sequence[Result]) -> str:
    """A table in Markdown: one column a case, one line a number, and what else was seen beneath."""
    if not results:
        return ""
    lines: list[str] = []
    if rows := {result.name: result.count.table() for result in results if result.count is not None}:
        lines = [f"| | {' | '.join(rows)} |", f"|---|{'---:|' * len(rows)}"]
        for number, (name, _) in enumerate(next(iter(rows.values()))):
            lines.append(f"| {name} | {' | '.join(f'{row[number][1]:,}' for row in rows.values())} |")
        lines.append("")
    for result in results:
        seen = "; ".join(f"{name}: {value}" for name, value in result.seen.items())
        lines.append(f"- **{result.name}** ({result.took:.0f} s): {seen}")
    for result in results:
        if result.lines:
            lines += ["", f"**{result.name}**, one by one:", "", *result.lines]
    return "\n".join(lines)


def write(page: Path, made: str, facts: str) -> None:
    """Put the table between the two marks of the page."""
    text = page.read_text("utf-8")
    measured = f"{BEGIN}\nMeasured {facts}.\n\n{made}\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: measured, text, flags=re.DOTALL), "utf-8")
