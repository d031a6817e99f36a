"""What kind of file is this: its encoding, its separator, and whether its first row names the columns.

Policy: UTF-8 wins if the whole file is UTF-8; a byte-order mark is believed; UTF-16 without one is known by its
zero bytes; everything else is Windows-1252, which is what Excel writes in Europe. Nothing is refused for its encoding.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contacts import addresses
from contacts.importing import reading

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
BLOCK = 1 << 20  # bytes
SAMPLE_ROWS = 100
SAMPLE_CHARACTERS = 256 * 1024


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
            return "cp1252"
    return "utf-8"


def glimpse(path: Path) -> Glimpse:
    """Look at the file's beginning. Raises reading.Unreadable if there is not one row of data in it."""
    encoding = encoding_of(path)
    with path.open("r", encoding=encoding, errors="replace", newline="") as file:
        text = file.read(SAMPLE_CHARACTERS)
    preamble, separator = _declared(text)
    if separator is None:
        separator = separator_of(text)
    sample = sample_of(path, Layout(encoding, separator, has_header=False, preamble=preamble))
    if not sample:
        raise reading.Unreadable("The file is empty: there is not one row in it.")
    has_header = looks_like_header(sample)
    layout = Layout(encoding, separator, has_header, preamble)
    if has_header and len(sample) == 1:
        raise reading.Unreadable(
            "There are no rows below the header that can be read. Is a quotation mark opened and never closed?"
        )
    width = max(len(row) for row in sample)
    header = column_names(sample[0] if has_header else (), width)
    return Glimpse(layout, header, tuple(sample[1:] if has_header else sample))


def sample_of(path: Path, layout: Layout) -> list[tuple[str, ...]]:
    """The first rows that can be read, the header among them if there is one."""
    rows: list[tuple[str, ...]] = []
    with reading.opened(path, layout.encoding) as file:
        for record in reading.records(file, layout.separator, skip=layout.preamble):
            if isinstance(record, reading.Record):
                rows.append(tuple(record.cells))
            if len(rows) > SAMPLE_ROWS or record.line > 10 * SAMPLE_ROWS:
                break
    return rows


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
