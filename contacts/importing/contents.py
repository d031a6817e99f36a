"""What kind of file it is, by its first bytes and not by its name."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from pathlib import Path

from contacts.importing import archives, reading

HEAD = 4_096  # bytes


class Kind(StrEnum):
    TEXT = "text"
    JSON = "json"
    WORKBOOK = "workbook"
    ARCHIVE = "archive"


_CSV = "Save the people as CSV (UTF-8) and upload that."
_NO_LISTS = {
    b"\xd0\xcf\x11\xe0": "This is an old Excel workbook, or one with a password. In Excel, choose “Save as” and “CSV UTF-8”.",
    b"%PDF": f"This is a PDF. {_CSV}",
    b"{\\rtf": f"This is a text document. {_CSV}",
    b"\x89PNG": f"This is a picture. {_CSV}",
    b"\xff\xd8\xff": f"This is a picture. {_CSV}",
    b"GIF8": f"This is a picture. {_CSV}",
    b"\x1f\x8b": "This file is compressed with gzip. Unpack it first, or make it a ZIP.",
    b"Rar!": "This is a RAR archive. Unpack it first, or make it a ZIP.",
    b"7z\xbc\xaf": "This is a 7-Zip archive. Unpack it first, or make it a ZIP.",
    b"BZh": "This file is compressed with bzip2. Unpack it first, or make it a ZIP.",
    b"\xfd7zXZ": "This file is compressed with xz. Unpack it first, or make it a ZIP.",
    b"SQLite format 3": f"This is a database. {_CSV}",
    b"\x7fELF": f"This is a program. {_CSV}",
    b"MZ\x90": f"This is a program. {_CSV}",
}
_OTHER_OFFICE = {
    "word/": f"This is a Word document. {_CSV}",
    "ppt/": f"This is a presentation. {_CSV}",
    "xl/workbook.bin": "This is a binary Excel workbook (.xlsb). In Excel, choose “Save as” and “Excel Workbook (.xlsx)”.",
    "content.xml": "This is an OpenDocument file. Save it as .xlsx or as CSV (UTF-8) and upload that.",
    "index/document.iwa": "This is an Apple Numbers file. Export it as CSV (UTF-8) and upload that.",
}
_JSON = re.compile(r"\s*(?:\[\s*(?:\{|\])|\{\s*(?:\"|\}))")


def kind_of(path: Path) -> Kind:
    """Raises reading.Unreadable, with what to do, for a file that is no list of people."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    for magic, words in _NO_LISTS.items():
        if head.startswith(magic):
            raise reading.Unreadable(words)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _kind_of_zip(path)
    return Kind.JSON if _JSON.match(_text(head)) else Kind.TEXT


def _kind_of_zip(path: Path) -> Kind:
    names = [name.lower() for name in archives.names(path)]
    if "xl/workbook.xml" in names:
        return Kind.WORKBOOK
    for name in names:
        for beginning, words in _OTHER_OFFICE.items():
            if name.startswith(beginning):
                raise reading.Unreadable(words)
    return Kind.ARCHIVE


def _text(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")
