"""What differs between two versions of a design, side by side, line by line."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

MAX_LINES: Final = 2_000  # comparing takes time by their square
AROUND: Final = 3  # lines that stayed, shown around each change

Kind = Literal["same", "changed", "added", "removed", "skipped"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the comparison; a number is 0 where that side has no line. `skipped`: so many lines that stayed."""

    kind: Kind
    old_number: int = 0
    old: str = ""
    new_number: int = 0
    new: str = ""
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """`cut`: only the first MAX_LINES lines were compared."""

    rows: tuple[Row, ...]
    added: int
    removed: int
    cut: bool


def compare(old: str, new: str) -> Difference:
    """Lines that were rewritten stand side by side; blocks that stayed are folded."""
    before, after = old.split("\n"), new.split("\n")
    cut = max(len(before), len(after)) > MAX_LINES
    before, after = before[:MAX_LINES], after[:MAX_LINES]
    rows: list[Row] = []
    added = removed = 0
    groups = SequenceMatcher(None, before, after).get_opcodes()
    for position, (tag, a, b, c, d) in enumerate(groups):
        if tag == "equal":
            rows += _same(before, a, b, c, first=position == 0, last=position == len(groups) - 1)
            continue
        removed += b - a
        added += d - c
        for n in range(max(b - a, d - c)):
            has_old, has_new = a + n < b, c + n < d
            kind: Kind = "changed" if has_old and has_new else "removed" if has_old else "added"
            rows.append(
                Row(
                    kind,
                    a + n + 1 if has_old else 0,
                    before[a + n] if has_old else "",
                    c + n + 1 if has_new else 0,
                    after[c + n] if has_new else "",
                )
            )
    return Difference(tuple(rows), added, removed, cut)


def _same(lines: list[str], a: int, b: int, c: int, *, first: bool, last: bool) -> list[Row]:
    def row(n: int) -> Row:
        return Row("same", n + 1, lines[n], c + n - a + 1, lines[n])

    head = 0 if first else AROUND
    tail = 0 if last else AROUND
    if b - a <= head + tail + 1:
        return [row(n) for n in range(a, b)]
    folded = Row("skipped", skipped=b - a - head - tail)
    return [*(row(n) for n in range(a, a + head)), folded, *(row(n) for n in range(b - tail, b))]
