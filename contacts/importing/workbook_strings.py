"""A workbook's shared strings, which its cells name by number (ISO 29500-1, 18.4.9): kept on disk, not in memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO

from contacts.importing import reading, workbook_xml

MAX_STRINGS = 20_000_000
MAX_CELL = 128 * 1024  # characters; Excel itself stops at 32,767
REMEMBERED = 100_000


class Strings:
    """The workbook's shared strings, kept in a file on disk: a million people have several million."""

    def __init__(self) -> None:
        self._file: IO[bytes] = TemporaryFile(buffering=1 << 20)  # noqa: SIM115  it goes with its last reader
        self._ends = array("Q", [0])
        self._some: dict[int, str] = {}

    def fill(self, pieces: Iterator[bytes]) -> None:
        text: list[str] = []
        size, depth_of_phonetics, within = 0, 0, False

        def start(tag: str, _attributes: dict[str, str]) -> None:
            nonlocal within, depth_of_phonetics
            tag = workbook_xml.LOCAL[tag]
            if tag == "si":
                text.clear()
            elif tag == "rPh":  # how it is spoken: no part of what is written
                depth_of_phonetics += 1
            within = tag == "t" and not depth_of_phonetics

        def end(tag: str) -> None:
            nonlocal within, depth_of_phonetics, size
            tag = workbook_xml.LOCAL[tag]
            within = False
            if tag == "rPh":
                depth_of_phonetics -= 1
            elif tag == "si":
                kept = "".join(text).encode("utf-8", "replace")
                size += len(kept)
                if len(self._ends) > MAX_STRINGS:
                    raise reading.Unreadable("The workbook has too many texts. Save it as CSV (UTF-8) and upload that.")
                self._file.write(kept)
                self._ends.append(size)

        def data(words: str) -> None:
            if within:
                text.append(words)
                if len(text) > 100:
                    text[:] = ["".join(text)[: MAX_CELL + 1]]

        parser = workbook_xml.parser()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
        workbook_xml.feed(parser, pieces)
        self._file.flush()

    def __getitem__(self, index: int) -> str:
        kept = self._some.get(index)
        if kept is None:
            if not 0 <= index < len(self._ends) - 1:
                raise reading.Unreadable(workbook_xml.DAMAGED)
            start, end = self._ends[index], self._ends[index + 1]
            self._file.seek(start)
            kept = self._file.read(min(end - start, 4 * MAX_CELL)).decode("utf-8", "replace")
            if len(kept) < 100:
                if len(self._some) >= REMEMBERED:
                    self._some.clear()
                self._some[index] = kept
        return kept
