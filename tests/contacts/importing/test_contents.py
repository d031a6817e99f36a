"""What kind of file it is costs next to nothing to find out, whatever the file says of itself."""

import struct
import tracemalloc
from pathlib import Path

import pytest

from contacts.importing import archives, contents, reading


def archive_of_empty_entries(path: Path, entries: int) -> None:
    """A ZIP that is hardly more than its list of entries (APPNOTE 4.3.12), of 47 bytes each."""
    listed = struct.pack("<4s4B4H3L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    size = len(listed) * entries
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[min(entries, 65_535)] * 2, size, 31, 0)
    path.write_bytes(struct.pack("<4s5H3L2H", b"PK\3\4", 20, *[0] * 7, 1, 0) + b"a" + listed * entries + end)


def test_a_zip_with_a_hundred_thousand_entries_is_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    archive_of_empty_entries(path, 100_000)
    tracemalloc.start()
    with pytest.raises(reading.Unreadable, match="too many files"):
        contents.kind_of(path)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 * archives.MAX_DIRECTORY


def test_a_zip_of_many_files_is_still_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "some.zip"
    archive_of_empty_entries(path, archives.MAX_ENTRIES)
    assert contents.kind_of(path) == contents.Kind.ARCHIVE
