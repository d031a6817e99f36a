"""Reading a table row by row in constant memory, however broken or hostile the file is.

Policy: a row that cannot be read becomes a Trouble with its line number, and reading goes on at the next line. A quote
that never closes costs its own line only: the lines that it had swallowed are read again.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

MAX_LINE = 256 * 1024  # characters between two line ends
MAX_RECORD = 512 * 1024  # characters of one row, which may span lines inside of quotes
MAX_RECORD_LINES = 200
MAX_CELL = 64 * 1024  # characters
MAX_COLUMNS = 200
KEPT = 1_000  # characters that are kept of a line that could not be read

csv.field_size_limit(MAX_RECORD)  # the default of 128 KB would refuse in words of its own


class Unreadable(ValueError):
    """The file as a whole cannot be imported; str() says why and what to do."""


class Record(NamedTuple):
    """One row. `line` is the number of its first line in the file, from 1."""

    line: int
    cells: list[str]


class Trouble(NamedTuple):
    """A row that could not be read. `text` is the beginning of it."""

    line: int
    why: str
    text: str


BLOCK = 32 * 1024  # characters that are read at once
MIXED = "mixed"  # an encoding of ours: UTF-8, and Windows-1252 wherever it is not
CHANGED = "The file was changed while it was being read. Upload it again."
NARROWER = "Delete the columns that you do not need, and upload the file again."
_MARK = "\ufdd0"  # no character, says Unicode: no file has it by chance


def stamp(path: Path) -> str:
    """Changes whenever the file does: its size and the nanosecond of its last change."""
    seen = path.stat()
    return f"{seen.st_size}:{seen.st_mtime_ns}"


class TooWide(Trouble):
    """A row of more cells than a table may have columns."""

    __slots__ = ()


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """A file as text, whatever its bytes. Raises Unreadable at the end if it changed meanwhile."""
    before = stamp(path)
    name, errors = ("utf-8", "as-windows-1252") if encoding == MIXED else (encoding, "replace")
    with path.open("r", encoding=name, errors=errors, newline="", buffering=1 << 20) as file:
        yield file
    if not path.exists() or stamp(path) != before:
        raise Unreadable(CHANGED)


def _as_windows(trouble: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(trouble, UnicodeDecodeError):
        raise trouble
    return trouble.object[trouble.start : trouble.end].decode("cp1252", "replace"), trouble.end


codecs.register_error("as-windows-1252", _as_windows)


def marked(trouble: Trouble) -> list[str]:
    """A Trouble as cells, to be written into a table of ours; `unmarked` takes it back."""
    return [f"{_MARK}{trouble.why}{_MARK}{trouble.text}"]


def unmarked(line: int, cell: str) -> Trouble | None:
    """The Trouble that was written into a cell, if it is one."""
    if not cell.startswith(_MARK):
        return None
    why, _, text = cell[1:].partition(_MARK)
    return Trouble(line, why, text)


def records(file: TextIO, separator: str, *, skip: int = 0) -> Iterator[Record | Trouble]:
    """Every row of the file but those of empty cells only (Excel writes ;;; below a table), in about their order.
    `skip` lines are passed over first.

    Blocks of sound rows go through csv.reader at once; from a row that is not, the rest of its block is read with care.
    """
    lines = _Lines(file)
    for _ in range(skip):
        next(lines, None)
    lines.forget()
    while not lines.over:
        yield from _swiftly(lines, separator)
        yield from _carefully(lines, separator)


def _swiftly(lines: "_Lines", separator: str) -> Iterator[Record | Trouble]:
    """The rows of block after block, until one that needs care, which is handed back."""
    while text := lines.block():
        first, at = lines.number + 1, 0
        if len(text) > MAX_CELL or "\x00" in text:
            lines.hand_back(text, 0)
            return
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            for cells in reader:
                end = reader.line_num
                if end - at > MAX_RECORD_LINES:
                    break
                if len(cells) > MAX_COLUMNS:
                    yield TooWide(first + at, too_wide(len(cells)), text_of(cells[:MAX_COLUMNS]))
                elif cells and (cells[0].strip() or "".join(cells).strip()):
                    yield _record(Record, (first + at, cells))
                at = end
            else:
                lines.number += at
                continue
        except csv.Error:
            pass
        lines.hand_back(text, at)
        return


def _carefully(lines: "_Lines", separator: str) -> Iterator[Record | Trouble]:
    """The rows of the lines that were handed back, and what the last of them goes on into."""
    reader = csv.reader(lines, delimiter=separator)
    while lines.left:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            number, text = lines.taken.pop()
            if lines.taken:
                yield _unclosed(lines)
            lines.forget()
            yield Trouble(number, f"The line is longer than {MAX_LINE // 1024} KB: too much for one row.", _shown(text))
        except (_NeverCloses, csv.Error):
            yield _unclosed(lines)
        else:
            if not lines.ended:
                number, size, has_nul = lines.taken[0][0], lines.size, lines.has_nul
                lines.forget()
                if cells and (cells[0].strip() or "".join(cells).strip()):
                    yield _checked(number, cells, size, has_nul)
                continue
            yield _unclosed(lines)  # csv.reader gives what it has when the file ends inside of quotes
        reader = csv.reader(lines, delimiter=separator)


def too_wide(width: int) -> str:
    return f"The row has {width:,} cells; more than {MAX_COLUMNS} columns cannot be imported."


def text_of(cells: Iterable[str]) -> str:
    """The beginning of a row, to show it to a person."""
    return _shown(" | ".join(cells))


class _TooLong(Exception):
    pass


class _NeverCloses(Exception):
    pass


class _Lines:
    """Feeds csv.reader line by line; remembers the lines of the current row, and can hand them out again.

    Or hands out a block of whole lines at a time, `number` being the last line before it until somebody counts on.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[tuple[int, str]] = deque()
        self.number = 0
        self.over = False
        self.taken: list[tuple[int, str]] = []
        self.size = 0
        self.has_nul = False
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._again:
            number, line = self._again.popleft()
        else:
            line = self._file.readline(MAX_LINE + 1)
            if not line:
                self.ended = self.over = True
                raise StopIteration
            self.number = number = self.number + 1
        if len(line) > MAX_LINE and line[-1] not in "\r\n":
            if number == self.number:  # cut where we stopped to read
                self._drain()
            self.taken.append((number, line))
            raise _TooLong
        self.size += len(line)
        self.taken.append((number, line))
        if "\x00" in line:
            self.has_nul = True
        if self.size > MAX_RECORD or len(self.taken) > MAX_RECORD_LINES:
            raise _NeverCloses
        return line

    @property
    def left(self) -> bool:
        return bool(self._again)

    def block(self) -> str:
        """The next lines of the file, whole but for a last one that is too long; "" at its end."""
        text = self._file.read(BLOCK)
        if text and text[-1] != "\n":
            text += self._file.readline(MAX_LINE + 1)
        self.over = not text
        return text

    def hand_back(self, text: str, at: int) -> None:
        """Hand a block out again line by line, from its line `at` on."""
        start = self.number
        for number, line in enumerate(io.StringIO(text, newline=""), start + 1):
            self.number = number
            if number > start + at:
                self._again.append((number, line))

    def _drain(self) -> None:
        rest = "-"
        while rest and rest[-1] not in "\r\n":
            rest = self._file.readline(MAX_LINE)

    def forget(self) -> None:
        self.taken.clear()
        self.size = 0
        self.has_nul = self.ended = False

    def rewind(self) -> tuple[int, str]:
        """Give up the first line of the current row and hand out the others again."""
        first, *others = self.taken
        self._again.extendleft(reversed(others))
        self.forget()
        return first


def _unclosed(lines: _Lines) -> Trouble:
    number, text = lines.rewind()
    return Trouble(
        number, f"A quotation mark opens here and does not close within {MAX_RECORD_LINES} lines.", _shown(text)
    )


def _checked(number: int, cells: list[str], size: int, has_nul: bool) -> Record | Trouble:
    if has_nul:
        return Trouble(number, "There is a NUL character in the row: save the file as CSV again.", text_of(cells))
    if len(cells) > MAX_COLUMNS:
        return TooWide(number, too_wide(len(cells)), text_of(cells[:MAX_COLUMNS]))
    if size > MAX_CELL and max(map(len, cells)) > MAX_CELL:
        return Trouble(number, f"A cell is longer than {MAX_CELL // 1024} KB.", text_of(cells))
    return Record(number, cells)


def _shown(text: str) -> str:
    return text[:KEPT].replace("\x00", "").rstrip("\r\n")


_record = tuple.__new__  # without the keywords of a NamedTuple: a third of its time
