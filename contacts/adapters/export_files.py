"""Rows as a CSV file that spreadsheets open; a workbook's are in workbook_files.

Policy: nothing in a cell may become a formula. What begins like one gets an apostrophe (OWASP, "CSV Injection"), also in a
workbook, which somebody may save as CSV. Numbers stay numbers.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

FORMULA = "=+-@\t\r\n＝＋－＠"
NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # by XML 1.0, section 2.2
MARK = "\ufeff"  # so that Excel takes the file for UTF-8


def safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; NUL and its like are left out."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = NO_CHARACTERS.sub("", value)
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
