"""The first sheet of an Excel workbook that has people in it, row by row, in memory that does not grow with it.

Cells come as a person sees them: a formula's last result, a date as a date. Written on expat because what reads whole
sheets took 1 GB for a million rows of ten columns, and what streams them took three minutes (ISO 29500-1, 18.3 and 18.4).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from contacts.importing import archives, parts, reading, workbook_strings, workbook_xml

MAX_SHEETS = 500
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)])  # ISO 29500-1, 18.8.30
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_DATE_LETTERS = re.compile(r"[ymdhs]", re.I)


def table(path: Path, name: str) -> parts.Part | None:
    """The people of a workbook; None if no sheet has any. Raises reading.Unreadable."""
    with archives.opened(path) as archive:
        book = _Book(archive)
        sheets = book.sheets()
    for title, member in sheets:
        part = parts.of_rows(name, _rows_of(path, book, member))
        if part is not None:
            if len(sheets) == 1:
                return part
            words = f"The workbook has {len(sheets)} sheets. Only the first with people in it was read: “{title}”."
            return replace(part, notes=(*part.notes, words))
    return None


def _rows_of(path: Path, book: _Book, member: str) -> Callable[[], parts.Rows]:
    def rows() -> parts.Rows:
        with archives.opened(path) as archive:
            book.prepare(archive)
            yield from _Sheet(book).rows(archive, member)

    return rows


class _Book:
    """What a workbook's sheets refer to: their names, the shared strings, which styles are dates."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._entries = {entry.filename.lower().lstrip("/"): entry for entry in archive.filelist}
        self.strings: workbook_strings.Strings | None = None
        self.dates: list[bool] = []
        self.epoch = datetime(1899, 12, 30)  # noqa: DTZ001  a workbook knows no zones
        self._sheets: list[tuple[str, str]] = []
        self._read_workbook(archive)

    def entry(self, member: str) -> zipfile.ZipInfo | None:
        return self._entries.get(member.lower())

    def sheets(self) -> list[tuple[str, str]]:
        """(title, member of the archive) in the order of the tabs."""
        return self._sheets

    def prepare(self, archive: zipfile.ZipFile) -> None:
        if self.strings is None:
            self.strings = workbook_strings.Strings()
            entry = self.entry("xl/sharedStrings.xml")
            if entry is not None:
                self.strings.fill(archives.pieces(archive, entry))
            self._read_styles(archive)

    def is_date(self, style: str) -> bool:
        return style.isdecimal() and len(style) < 7 and int(style) < len(self.dates) and self.dates[int(style)]

    def _read_workbook(self, archive: zipfile.ZipFile) -> None:
        targets: dict[str, str] = {}
        found: list[tuple[str, str]] = []
        hidden: list[tuple[str, str]] = []

        def relation(tag: str, attributes: dict[str, str]) -> None:
            kind = attributes.get("Type", "worksheet").rpartition("/")[2]  # or a chartsheet, a theme, …
            if tag == "Relationship" and kind == "worksheet" and attributes.get("TargetMode") != "External":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(tag: str, attributes: dict[str, str]) -> None:
            if tag == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
                self.epoch = datetime(1904, 1, 1)  # noqa: DTZ001
            elif tag == "sheet" and len(found) + len(hidden) < MAX_SHEETS:
                shown = attributes.get("state", "visible") == "visible"
                (found if shown else hidden).append((attributes.get("name", "")[:100], attributes.get("id", "")))

        self._each(archive, "xl/_rels/workbook.xml.rels", relation)
        self._each(archive, "xl/workbook.xml", sheet)
        for title, number in found or hidden:
            target = targets.get(number, "")
            member = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
            entry = self.entry(member)
            if target and entry is not None:
                self._sheets.append((title, entry.filename))

    def _read_styles(self, archive: zipfile.ZipFile) -> None:
        own: dict[str, bool] = {}
        inside = False

        def style(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt" and len(own) < 10_000:
                own[attributes.get("numFmtId", "")] = _is_date(attributes.get("formatCode", ""))
            elif tag in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles"):
                inside = tag == "cellXfs"
            elif tag == "xf" and inside and len(self.dates) < 100_000:
                number = attributes.get("numFmtId", "0")
                self.dates.append(own.get(number, number.isdigit() and int(number) in _DATE_FORMATS))

        self._each(archive, "xl/styles.xml", style)

    def _each(self, archive: zipfile.ZipFile, member: str, start: Callable[[str, dict[str, str]], None]) -> None:
        entry = self.entry(member)
        if entry is None:
            return
        parser = workbook_xml.parser()
        parser.StartElementHandler = lambda tag, attributes: start(
            workbook_xml.LOCAL[tag], {workbook_xml.LOCAL[key]: value for key, value in attributes.items()}
        )
        workbook_xml.feed(parser, archives.pieces(archive, entry))


class _Sheet:
    """Takes the cells of a sheet out of the stream of its XML."""

    def __init__(self, book: _Book) -> None:
        self._book = book
        self._done: list[list[str]] = []
        self._row: list[str] = []
        self._at = -1
        self._kind = ""
        self._style = ""
        self._value: list[str] = []
        self._formula: list[str] = []
        self._into: list[str] | None = None
        self._phonetic = False

    def rows(self, archive: zipfile.ZipFile, member: str) -> parts.Rows:
        entry = self._book.entry(member)
        if entry is None:
            raise reading.Unreadable(workbook_xml.DAMAGED)
        parser = workbook_xml.parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._data
        for piece in archives.pieces(archive, entry, 1 << 16):
            workbook_xml.parse(parser, piece)
            yield from self._done
            self._done.clear()
        workbook_xml.parse(parser, b"", last=True)
        yield from self._done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = workbook_xml.LOCAL[tag]
        if tag == "c":
            place = attributes.get("r")
            self._at = self._at + 1 if place is None else _COLUMNS[place.rstrip(_DIGITS)]
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            self._value.clear()
            self._formula.clear()
        elif tag == "v" or (tag == "t" and not self._phonetic):
            self._into = self._value
        elif tag == "f":
            self._into = self._formula
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "row":
            self._row, self._at = [], -1

    def _data(self, words: str) -> None:
        if self._into is not None:
            self._into.append(words)
            if len(self._into) > 100:
                self._into[:] = ["".join(self._into)[: workbook_strings.MAX_CELL + 1]]

    def _end(self, tag: str) -> None:
        tag = workbook_xml.LOCAL[tag]
        if tag == "v" or tag == "t" or tag == "f":
            self._into = None
        elif tag == "c":
            if self._value or self._formula:
                self._put(self._text())
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "row" and any(self._row):
            self._done.append(self._row)
            self._row = []

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._at >= reading.MAX_COLUMNS:
            raise reading.Unreadable(
                f"The sheet has cells beyond column {reading.MAX_COLUMNS}, and no more columns than that can be imported."
                f" {reading.NARROWER}"
            )
        if self._at < 0:  # a cell within a cell
            raise reading.Unreadable(workbook_xml.DAMAGED)
        missing = self._at - len(self._row)
        if missing > 0:
            self._row.extend([""] * missing)
        if self._at < len(self._row):  # a damaged sheet that names a cell twice
            self._row[self._at] = text
        else:
            self._row.append(text)

    def _text(self) -> str:
        raw = "".join(self._value)
        if self._kind == "s":
            assert self._book.strings is not None
            if not raw.strip().isdigit():
                raise reading.Unreadable(workbook_xml.DAMAGED)
            return self._book.strings[int(raw)]
        if self._kind in ("inlineStr", "str"):
            return raw if raw or not self._formula else "=" + "".join(self._formula)
        if self._kind == "b":
            return "yes" if raw.strip() == "1" else "no"
        if self._kind == "e":
            return ""  # #N/A, #REF!: Excel itself knows no value
        if self._kind == "d":
            return raw
        if not raw:  # written by a program that did not reckon: the formula itself is all there is
            return "=" + "".join(self._formula) if self._formula else ""
        if self._style and self._book.is_date(self._style):
            return _as_date(raw, self._book.epoch)
        return _as_number(raw)


def _as_date(raw: str, epoch: datetime) -> str:
    try:
        days = float(raw)
        if not 0 <= days < 2_958_466:
            return raw
        when = epoch + timedelta(seconds=round(days * 86_400))
    except (ValueError, OverflowError):
        return raw
    if days < 1:
        return when.strftime("%H:%M:%S")
    if when.hour or when.minute or when.second:
        return when.strftime("%Y-%m-%d %H:%M:%S")
    return when.strftime("%Y-%m-%d")


def _as_number(raw: str) -> str:
    """Excel keeps 0.1 + 0.2 as 0.30000000000000004 and a telephone number as 4.912345E+10; a person sees 15 digits."""
    if raw.isdigit() and len(raw) <= 15:
        return raw
    try:
        value = float(raw)
    except ValueError:
        return raw
    if value != value or abs(value) >= 1e300:
        return raw
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return f"{value:.15g}"


def _is_date(code: str) -> bool:
    code = _QUOTED.sub("", code[:1_000].split(";")[0])
    return _DATE_LETTERS.search(code) is not None and "general" not in code.lower()


class _Numbers(dict[str, int]):
    """Columns by their letters, from 0: A, B, … AA."""

    def __missing__(self, letters: str) -> int:
        if not 0 < len(letters) <= 3 or not letters.isascii() or not letters.isalpha():
            raise reading.Unreadable(workbook_xml.DAMAGED)
        number = 0
        for letter in letters.upper():
            number = number * 26 + ord(letter) - 64
        self[letters] = number - 1
        return number - 1


_COLUMNS, _DIGITS = _Numbers(), "0123456789"
