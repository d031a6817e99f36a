"""ZIP files opened with care: a few kilobytes can claim to be terabytes, and say so falsely.

Policy: what an archive declares is checked before anything is opened, and what really comes out is counted while it is
read, so that a false declaration ends there. Nothing is written under a name that stands in the archive.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO

from contacts.importing import reading

MAX_ENTRIES = 2_000
MAX_DIRECTORY = 1024**2  # bytes of the list of entries; zipfile makes 0.5 KB of each 47 bytes before anybody can look
MAX_BYTES = 4 * 1024**3  # of all entries, unpacked
MAX_RATIO = 400  # times its packed size; lists of people shrink to a tenth, the XML of a sheet to a fortieth
FREE_RATIO = 10 * 1024**2  # bytes below which nobody asks for the ratio
BOMB = "The file claims to unpack to far more than it can hold: it is damaged or made to do harm."
LOCKED = "The file has a password. Save it without one and upload it again."
DAMAGED = "The ZIP or workbook is damaged, or was not uploaded whole. Upload it again."
_STORED_AND_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Measured(io.FileIO):
    """A file whose list of entries is measured: zipfile reads it at once, whatever its size."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise reading.Unreadable(f"There are too many files in it; up to {MAX_ENTRIES:,} can be opened at once.")
        return super().read(size) or b""


def names(path: Path) -> list[str]:
    """The names of all entries. Cheap whatever the archive says of itself. Raises reading.Unreadable."""
    try:
        with _Measured(path) as file, zipfile.ZipFile(file) as archive:
            return [entry.filename for entry in archive.filelist]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as trouble:
        if isinstance(trouble, reading.Unreadable):
            raise
        raise reading.Unreadable(DAMAGED) from trouble


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose declarations are believable. Raises reading.Unreadable, also for damage that shows later."""
    try:
        with zipfile.ZipFile(path) as archive:
            check(archive.filelist)
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as trouble:
        if isinstance(trouble, reading.Unreadable):
            raise
        raise reading.Unreadable(DAMAGED) from trouble


def check(entries: list[zipfile.ZipInfo]) -> None:
    """Raises reading.Unreadable if what the archive declares cannot be, or is too much."""
    if len(entries) > MAX_ENTRIES:
        raise reading.Unreadable(
            f"There are {len(entries):,} files in it; up to {MAX_ENTRIES:,} can be opened at once."
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise reading.Unreadable(LOCKED)
    for entry in entries:
        if entry.file_size > FREE_RATIO and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise reading.Unreadable(BOMB)
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise reading.Unreadable(f"Unpacked, it is larger than {MAX_BYTES // 1024**3} GB. Split it.")
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, size), (following, _) in pairwise(places):
        if start + size > following:  # one stream of data that many entries share
            raise reading.Unreadable(BOMB)


def pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int = 1 << 18) -> Iterator[bytes]:
    """What is in an entry, piece by piece, no more than it declares."""
    if entry.compress_type not in _STORED_AND_DEFLATED:
        raise reading.Unreadable("The ZIP is packed in an unusual way. Pack it again with the system's own tool.")
    came = 0
    with archive.open(entry) as file:
        while piece := read(file, size):
            came += len(piece)
            if came > entry.file_size:
                raise reading.Unreadable(BOMB)
            yield piece


def read(file: IO[bytes], size: int) -> bytes:
    """Read from an entry; damaged data says so."""
    try:
        return file.read(size)
    except (zlib.error, zipfile.BadZipFile, EOFError) as trouble:
        raise reading.Unreadable(DAMAGED) from trouble


def keep(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Write an entry into a file of our own naming."""
    with path.open("xb") as file:
        for piece in pieces(archive, entry):
            file.write(piece)
