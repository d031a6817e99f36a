"""What an archive says of itself is not believed, and its list of files is read only when it is short."""

import io
import struct
import time
import zipfile

import pytest

from campaigns.designs import bundles
from campaigns.designs.findings import DesignError


def many(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:x}", b"")
    return out.getvalue()


def packed(kind: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        archive.writestr("index.html", b"<p>Hello</p>")
    return out.getvalue()


@pytest.mark.parametrize("end", ["as it is", "behind a comment", "as of a huge archive"])
def test_a_list_of_files_without_end_is_not_read(end: str) -> None:
    data = many(60_000)
    if end == "behind a comment":
        data = data[:-2] + struct.pack("<H", 500) + b"x" * 500
    elif end == "as of a huge archive":
        data = data[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1) + data[-22:]
    began = time.process_time()
    with pytest.raises(DesignError, match=r"too many files|cannot be opened"):
        bundles.read(data)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_what_every_program_packs_is_unpacked(kind: int) -> None:
    with pytest.raises(DesignError, match="packed in a way that is not read"):
        bundles.read(packed(kind))
    assert bundles.read(packed(zipfile.ZIP_STORED)).html == bundles.read(packed(zipfile.ZIP_DEFLATED)).html
