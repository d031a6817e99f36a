"""One table as it lies in a foreign file: a CSV in an archive, a sheet of a workbook, the objects of a JSON file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contacts.importing import reading, sniffing

Rows = Iterator[list[str] | reading.Trouble]


@dataclass(frozen=True, slots=True)
class Part:
    """`rows()` begins anew each time it is called; a row that cannot be read comes as a Trouble. `notes` are sentences."""

    name: str
    header: tuple[str, ...]
    rows: Callable[[], Rows]
    notes: tuple[str, ...] = ()


def of_text(path: Path, name: str) -> Part | None:
    """The table of a CSV or TSV file; None if there is no row of data in it (as in an export of nobody)."""
    try:
        seen = sniffing.glimpse(path)
    except sniffing.NoRows:
        return None

    def rows() -> Rows:
        with reading.opened(path, seen.layout.encoding) as file:
            header_due = seen.layout.has_header
            for record in reading.records(file, seen.layout.separator, skip=seen.layout.preamble):
                if isinstance(record, reading.Trouble):
                    yield record
                elif header_due:
                    header_due = False
                else:
                    yield record.cells

    return Part(name, seen.header, rows, seen.notes)


def of_rows(name: str, rows: Callable[[], Rows]) -> Part | None:
    """The table of rows whose first may be a header; None if there is no row of data.

    Above it there may be lines of one cell each, "Members, spring 2026", which are no rows.
    """
    sample: list[list[str]] = []
    for row in rows():
        if not isinstance(row, reading.Trouble):
            sample.append(row)
        if len(sample) > sniffing.SAMPLE_ROWS:
            break
    above = _titles(sample)
    sample = sample[above:]
    if not sample:
        return None
    has_header = sniffing.looks_like_header(sample)
    if has_header and len(sample) == 1:
        return None
    width = max(map(len, sample))

    def below() -> Rows:
        due = above + has_header
        for row in rows():
            if due and not isinstance(row, reading.Trouble):
                due -= 1
            else:
                yield row

    notes = (
        (f"What stands above the table was left out ({above} {'lines' if above > 1 else 'line'}).",) if above else ()
    )
    return Part(name, sniffing.column_names(sample[0] if has_header else (), width), below, notes)


def _titles(sample: Sequence[Sequence[str]]) -> int:
    """How many lines of one word or sentence stand above rows of several cells."""
    for number, row in enumerate(sample[:10]):
        filled = [cell for cell in row if cell.strip()]
        if any("@" in cell for cell in filled):
            return 0
        if len(filled) > 1:
            return number
    return 0
