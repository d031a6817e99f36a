"""Rows as files that spreadsheets open: CSV line by line, XLSX by way of a temporary file.

Policy: nothing in a cell may become a formula. What begins like one gets an apostrophe (OWASP, "CSV Injection"), also in a
workbook, which somebody may save as CSV. Numbers stay numbers.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

FORMULA = "=+-@\t\r\n＝＋－＠"
SHEET_ROWS = 1_048_575  # of a worksheet, beside its header
MAX_CELL = 32_767  # characters of a cell in a workbook
EXACT = 10**15  # whole numbers beyond it lose digits in a workbook
CHUNK = 256 * 1024
MARK = "\ufeff"  # so that Excel takes the file for UTF-8


def safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; NUL and its like are left out."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"'{text}" if text[:1] and text[0] in FORMULA else text


class _Echo:
    def write(self, value: str) -> str:
        return value


def csv_lines(header: Sequence[str], pieces: Iterable[Sequence[Sequence[Any]]]) -> Iterator[str]:
    """A CSV file (RFC 4180), one text a piece of rows."""
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow([safe(cell) for cell in header])
    for rows in pieces:
        yield "".join(writer.writerow([safe(cell) for cell in row]) for row in rows)


def workbook_bytes(header: Sequence[str], pieces: Iterable[Sequence[Sequence[Any]]]) -> Iterator[bytes]:
    """A workbook (XLSX), written to a temporary file and then read from it. A full sheet is followed by another."""
    book = Workbook(write_only=True)
    titles = [safe(cell)[:MAX_CELL] for cell in header]
    sheet, left = _sheet(book, titles), SHEET_ROWS
    for rows in pieces:
        for row in rows:
            if left == 0:
                sheet, left = _sheet(book, titles), SHEET_ROWS
            sheet.append([_short(safe(cell)) for cell in row])
            left -= 1
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _sheet(book: Workbook, titles: Sequence[str]) -> Any:
    number = len(book.sheetnames) + 1
    sheet = book.create_sheet("People" if number == 1 else f"People {number}")
    sheet.freeze_panes = "A2"
    sheet.append(titles)
    return sheet


def _short(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    return value[:MAX_CELL] if isinstance(value, str) else value
