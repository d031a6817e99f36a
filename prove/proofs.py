"""Says what was proved: a table for people, and the same in docs/proofs.md.

Cases may be run one by one: the page shows the last whole run of each, which is kept beside the data of the proofs.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prove.scenarios import Result

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True)
class Shown:
    """What is told of one case. `rows`: the referee's count; none when nothing was sent. `facts`: when and where it was."""

    name: str
    rows: list[tuple[str, int]]
    seen: dict[str, Any]
    took: float
    facts: str
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, result: Result, facts: str) -> "Shown":
        rows = result.count.table() if result.count is not None else []
        return cls(result.name, rows, result.seen, result.took, facts, result.lines)


def keep(folder: Path, shown: Shown) -> None:
    """For the page, until the next run of this case."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{shown.name}.json").write_text(json.dumps(asdict(shown), ensure_ascii=False), "utf-8")


def kept(folder: Path, names: Iterable[str]) -> list[Shown]:
    """What was kept of these cases, in their order."""
    paths = [folder / f"{name}.json" for name in names]
    return [Shown(**json.loads(path.read_text("utf-8"))) for path in paths if path.exists()]


def table(cases: Sequence[Shown]) -> str:
    """A table in Markdown: one column a case, one line a number, and what else was seen beneath."""
    lines: list[str] = []
    if rows := {case.name: dict(case.rows) for case in cases if case.rows}:
        lines = [f"| | {' | '.join(rows)} |", f"|---|{'---:|' * len(rows)}"]
        for name in next(iter(rows.values())):
            lines.append(f"| {name} | {' | '.join(f'{row[name]:,}' for row in rows.values())} |")
        lines.append("")
    for case in cases:
        seen = "; ".join(f"{name}: {value}" for name, value in case.seen.items())
        lines.append(f"- **{case.name}** ({case.took:.0f} s; {case.facts}): {seen}")
    for case in cases:
        if case.lines:
            lines += ["", f"**{case.name}**, one by one:", "", *case.lines]
    return "\n".join(lines)


def write(page: Path, made: str) -> None:
    """Put the table between the two marks of the page."""
    text = page.read_text("utf-8")
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{made}\n{END}", text, flags=re.DOTALL), "utf-8")
