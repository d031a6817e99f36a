"""The XML of a workbook's parts, streamed through expat and stripped of what programs add as they like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from contacts.importing import reading

DAMAGED = "The workbook is damaged: open it in Excel, save it anew, and upload that."


class _Names(dict[str, str]):
    """Names of elements without the prefix of their namespace, which every program chooses as it likes."""

    def __missing__(self, name: str) -> str:
        local = name.rpartition(":")[2]
        if len(self) < 10_000:
            self[name] = local
        return local


LOCAL = _Names()


def parser() -> expat.XMLParserType:
    """A parser that refuses what no workbook has: a document type, and so entities that multiply."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.buffer_size = 1 << 16
    made.StartDoctypeDeclHandler = _refuse_doctype
    return made


def _refuse_doctype(*_declared: Any) -> None:
    raise reading.Unreadable("The workbook has parts that no workbook has. Save it as CSV (UTF-8) and upload that.")


def feed(into: expat.XMLParserType, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        parse(into, piece)
    parse(into, b"", last=True)


def parse(into: expat.XMLParserType, piece: bytes, *, last: bool = False) -> None:
    try:
        into.Parse(piece, last)
    except expat.ExpatError as trouble:
        raise reading.Unreadable(DAMAGED) from trouble
