"""What kind of file is this: its encoding, its separator, and whether its first row names the columns.

Policy: UTF-8 wins if the whole file is UTF-8; a byte-order mark is believed; UTF-16 without one is known by its
zero bytes; everything else is Windows-1252, which is what Excel writes in Europe, or both in one file, line by line.
Nothing is refused for its encoding.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from contacts import addresses
from contacts.importing import reading

SEPARATORS = (",", ";", "\t", "|")
BLOCK = 1 << 20  # bytes
SAMPLE_ROWS = 100
SAMPLE_CHARACTERS = 256 * 1024
MIXED_WORDS = (
    "Some lines are not UTF-8 like the others. They were read as Windows-1252: see that their letters are right."
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file. `encoding` is Python's name for it; `preamble` counts lines before the table (`sep=;`)."""

    encoding: str
    separator: str
    has_header: bool
    preamble: int = 0


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The beginning of a file: its header (or invented column names) and its first rows."""

    layout: Layout
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


class NoRows(reading.Unreadable):
    """There is not one row of data in the file."""


def encoding_of(path: Path) -> str:
    """Python's name of the encoding of the whole file, read in one pass of constant memory."""
    with path.open("rb") as file:
        head = file.read(BLOCK)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        pairs = max(len(head[:4096]) // 2, 1)
        if head[1:4096:2].count(0) > pairs * 0.4:
            return "utf-16-le"
        if head[0:4096:2].count(0) > pairs * 0.4:
            return "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = file.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return _windows_or_mixed(path)
    return "utf-8"


def glimpse(path: Path, layout: Layout | None = None) -> Glimpse:
    """Look at the file's beginning; `layout` if it is known. Raises NoRows, and Unreadable for a table of too many columns."""
    if layout is None:
        layout = _layout_of(path)
        sample = sample_of(path, layout)
        layout = replace(layout, has_header=bool(sample) and looks_like_header(sample))
    else:
        sample = sample_of(path, layout)
    if not sample:
        raise NoRows("The file is empty: there is not one row in it.")
    if layout.has_header and len(sample) == 1:
        raise NoRows(
            "There are no rows below the header that can be read. Is a quotation mark opened and never closed?"
        )
    width = max(len(row) for row in sample)
    header = column_names(sample[0] if layout.has_header else (), width)
    notes = (MIXED_WORDS,) if layout.encoding == reading.MIXED else ()
    return Glimpse(layout, header, tuple(sample[1:] if layout.has_header else sample), notes)


def sample_of(path: Path, layout: Layout) -> list[tuple[str, ...]]:
    """The first rows that can be read, the header among them if there is one."""
    rows: list[tuple[str, ...]] = []
    wide: reading.TooWide | None = None
    with reading.opened(path, layout.encoding) as file:
        for record in reading.records(file, layout.separator, skip=layout.preamble):
            if isinstance(record, reading.Record):
                rows.append(tuple(record.cells))
            elif isinstance(record, reading.TooWide):
                wide = wide or record
            if len(rows) > SAMPLE_ROWS or record.line > 10 * SAMPLE_ROWS:
                break
    if wide is not None and len(rows) < 2:
        raise reading.Unreadable(f"{wide.why} {reading.NARROWER}")
    return rows


def _layout_of(path: Path) -> Layout:
    encoding = encoding_of(path)
    with reading.opened(path, encoding) as file:
        text = file.read(SAMPLE_CHARACTERS)
    preamble, separator = _declared(text)
    return Layout(encoding, separator or separator_of(text), has_header=False, preamble=preamble)


def _windows_or_mixed(path: Path) -> str:
    """Several files in one, put together by hand: lines of proper UTF-8 beside lines that are none."""
    proper = broken = 0
    with path.open("rb") as file:
        for line in iter(partial(file.readline, BLOCK), b""):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                proper += 1
            except UnicodeDecodeError:
                broken += 1
    # In a Windows file two letters may look like one of UTF-8 (É» in French quotes), but not often.
    return reading.MIXED if proper and proper * 20 >= broken else "cp1252"


def separator_of(text: str) -> str:
    """The separator under which the most rows have the same number of cells, more than one."""
    lines = [line for line in text.splitlines()[:SAMPLE_ROWS] if line.strip()]
    best, best_score = ",", 0.0
    for separator in SEPARATORS:
        widths = Counter(_widths(lines, separator))
        wide = [(n, width) for width, n in widths.items() if width > 1]
        if not wide:
            continue
        n, width = max(wide)
        score = n / max(sum(widths.values()), 1) + min(width, 50) / 1000
        if score > best_score:
            best, best_score = separator, score
    return best


def looks_like_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns: it holds no address, no bare number, and a name in most cells."""
    first = [cell.strip() for cell in rows[0]]
    if any(addresses.is_address(cell) for cell in first):
        return False
    if any(any(addresses.is_address(cell) for cell in row) for row in rows[1:]):
        return True
    named = [cell for cell in first if cell and not _is_number(cell)]
    return len(named) * 2 > len(first)


def column_names(first: Sequence[str], width: int) -> tuple[str, ...]:
    """One distinct name a column: the header's words, numbered where they repeat, invented where they are missing."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for index in range(width):
        name = " ".join(first[index].split())[:100] if index < len(first) else ""
        name = name.replace("\x00", "") or f"Column {index + 1}"
        seen[name.lower()] += 1
        while seen[name.lower()] > 1:
            seen[f"{name} ({seen[name.lower()]})".lower()] += 1
            name = f"{name} ({seen[name.lower()]})"
        names.append(name)
    return tuple(names)


def _declared(text: str) -> tuple[int, str | None]:
    """Excel's first line `sep=;`, which names the separator and is no row."""
    first = text.split("\n", 1)[0].strip()
    if first[:4].lower() == "sep=" and first[4:5] in SEPARATORS:
        return 1, first[4:5]
    if text[:5].lower() == "sep=\t":
        return 1, "\t"
    return 0, None


def _widths(lines: list[str], separator: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return [line.count(separator) + 1 for line in lines]


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").lstrip("+-").isdigit()
