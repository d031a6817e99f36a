"""People as a workbook (XLSX) that is sent while it is written: a download of a million begins at once and needs no room.

A ZIP of XML (ISO 29500-1 and -2). Each text stands in its own cell (18.18.11, inlineStr), so that no table of all texts has
to come first, and the list of the sheets comes last. Programs find the parts by name, not by order.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from contacts.adapters.export_files import safe

SHEET_ROWS = 1_048_575  # of a worksheet, beside its header
SHEET_BYTES = 1 << 30  # of its XML; a part of a ZIP whose size is not known beforehand holds less than 2 GB
MAX_CELL = 32_767  # characters
EXACT = 10**15  # whole numbers beyond it lose digits
PACKED = 1  # zlib's quickest level; on XML of one shape the others gain little

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SHEET = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)


def workbook_bytes(header: Sequence[str], pieces: Iterable[Sequence[Sequence[Any]]]) -> Iterator[bytes]:
    """The file, as much at a time as a piece of rows makes. A full sheet is followed by another."""
    coming = (rows for rows in pieces if rows)
    rows: Sequence[Sequence[Any]] = next(coming, ())
    wire, sheets = _Wire(), 0
    with zipfile.ZipFile(wire, "w", zipfile.ZIP_DEFLATED, compresslevel=PACKED) as book:  # type: ignore[call-overload]
        while rows or not sheets:
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                sheet.write((_SHEET + _row(1, header)).encode())
                done = size = 0
                while rows and done < SHEET_ROWS and size < SHEET_BYTES:
                    here = rows[: SHEET_ROWS - done]
                    text = "".join(_row(number, row) for number, row in enumerate(here, done + 2)).encode()
                    sheet.write(text)
                    done, size = done + len(here), size + len(text)
                    rows = rows[len(here) :] or next(coming, ())
                    yield wire.taken()
                sheet.write(b"</sheetData></worksheet>")
        for name, xml in _contents(sheets).items():
            book.writestr(name, _XML + xml)
    yield wire.taken()


class _Wire:
    """What zipfile writes to; it cannot go back, so that what was written can be sent."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        written = b"".join(self._written)
        self._written.clear()
        return written


def _row(number: int, row: Sequence[Any]) -> str:
    cells = (_cell(f"{_letters(index)}{number}", value) for index, value in enumerate(row) if value not in (None, ""))
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(place: str, value: Any) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, float) or (isinstance(value, int) and abs(value) <= EXACT):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = escape(str(safe(value))[:MAX_CELL])
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


@lru_cache(maxsize=2048)
def _letters(index: int) -> str:
    """A column by its place from 0: A, B, … AA."""
    letters, rest = "", index + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _contents(sheets: int) -> dict[str, str]:
    numbers = range(1, sheets + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>' for n in numbers
    )
    names = "".join(f'<sheet name="People{f" {n}" * (n > 1)}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    places = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{places}</Relationships>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>{parts}</Types>',
    }
