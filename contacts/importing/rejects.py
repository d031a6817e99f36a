"""The bad rows of an import as a CSV that can be mended in a spreadsheet and imported again.

Trap: a cell that begins with = + - @ or a control character is run as a formula by spreadsheets (CWE-1236). Such cells get
a leading apostrophe, which spreadsheets take as "this is text"; numbers with a sign stay as they are.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


def lines(header: Sequence[str], rows: Iterable[tuple[str, int, str, str]]) -> Iterator[str]:
    """CSV lines (with a byte-order mark for Excel): file, line number, what is wrong, and the row's cells.

    `rows` are (file, line, problem, raw), raw being the JSON list that judging made.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([safe(cell) for cell in ("File", "Line", "What is wrong", *header)])
    yield "\ufeff" + _emptied(buffer)
    for file, line, problem, raw in rows:
        writer.writerow([safe(file), line, safe(problem), *map(safe, cells_of(raw))])
        yield _emptied(buffer)


def cells_of(raw: str) -> list[str]:
    try:
        cells = json.loads(raw or "[]")
    except ValueError:
        return [raw]
    return [str(cell) for cell in cells] if isinstance(cells, list) else [raw]


def safe(cell: str) -> str:
    """The cell, so written that no spreadsheet runs it."""
    if cell.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def _emptied(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
