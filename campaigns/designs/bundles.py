"""A page and its pictures in one ZIP: read what others made, write what ours is.

Nothing is ever written under a name from the archive: files are looked up by their normalised name, and a name that leads
out of the archive is no name. What an archive says of itself is not believed: reading stops at the limit.
"""

import io
import posixpath
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from campaigns.designs.findings import MAX_HTML, DesignError, Finding
from campaigns.pictures import MAX_BYTES as MAX_PICTURE

MAX_ARCHIVE: Final = 30 * 1024 * 1024
MAX_UNPACKED: Final = 60 * 1024 * 1024
MAX_FILES: Final = 300
MAX_DIRECTORY: Final = 512 * 1024  # bytes of the list of files, which is read as a whole before any of them
_END = struct.Struct("<4s4HLLH")
PAGES: Final = (".html", ".htm")
PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp")


@dataclass(frozen=True, slots=True)
class Bundle:
    """`page`: the HTML; `folder`: where it lies; `files`: pictures by normalised name; `notes`: what was left out."""

    html: str
    folder: str
    files: Mapping[str, bytes]
    notes: tuple[str, ...]

    def picture(self, address: str) -> bytes | None:
        """The file that an address on the page means; None for what is not in the archive."""
        path = unquote(address.partition("?")[0].partition("#")[0]).replace("\\", "/")
        return self.files.get(_normal(posixpath.join(self.folder, path)) or "") if path else None


def read(data: bytes) -> Bundle:
    """Open an archive. Raises DesignError with what to do."""
    if len(data) > MAX_ARCHIVE:
        raise _no(f"The ZIP is larger than {MAX_ARCHIVE // 1024 // 1024} MB. Make its pictures smaller.")
    if _directory(data) > MAX_DIRECTORY:
        raise _no(f"The ZIP has too many files; up to {MAX_FILES} are taken. Take out what the mail does not need.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except DesignError:
        raise
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
    ) as error:
        raise _no("This ZIP cannot be opened: it is damaged, or locked with a password. Make it anew.") from error
    except Exception as error:  # what a damaged stream causes in a decompressor
        raise _no("This ZIP is damaged. Make it anew.") from error


def _directory(data: bytes) -> int:
    """The bytes of an archive's list of files, as its end says (APPNOTE 4.3.16). An end in the form for huge archives
    (4.3.15) says what it likes, so it is too much."""
    at = len(data) - _END.size
    if at < 0 or data[at : at + 4] != b"PK\x05\x06" or data[-2:] != b"\x00\x00":
        at = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 0xFFFF))
    if at < 0 or len(data) - at < _END.size:
        return 0  # no archive, which is said elsewhere
    if data[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        return MAX_ARCHIVE
    return int(_END.unpack_from(data, at)[5])


def _no(message: str) -> DesignError:
    return DesignError([Finding("error", message)])


def _read(archive: zipfile.ZipFile) -> Bundle:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES:
        raise _no(
            f"The ZIP has {len(entries)} files; up to {MAX_FILES} are taken. Take out what the mail does not need."
        )
    pages: dict[str, zipfile.ZipInfo] = {}
    pictures: dict[str, zipfile.ZipInfo] = {}
    others: list[str] = []
    for entry in entries:
        name = _normal(entry.filename.replace("\\", "/"))
        plain = name is not None and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
        if name is None or not plain:
            others.append(entry.filename)
        elif name.lower().endswith(PAGES):
            pages[name] = entry
        elif name.lower().endswith(PICTURES):
            pictures[name] = entry
        else:
            others.append(name)
    if not pages:
        raise _no("There is no HTML file in the ZIP. Put index.html and its pictures into it.")
    page = min(
        pages, key=lambda name: (name.count("/"), not posixpath.basename(name).lower().startswith("index."), name)
    )
    others += [name for name in pages if name != page]
    left = MAX_UNPACKED
    html = _content(archive, pages[page], min(left, MAX_HTML * 4))
    left -= len(html)
    files: dict[str, bytes] = {}
    for name, entry in pictures.items():
        content = _content(archive, entry, min(left, MAX_PICTURE))
        left -= len(content)
        files[name] = content
    notes = []
    if others:
        shown = ", ".join(name[-60:] for name in others[:5]) + (
            f" and {len(others) - 5} more" if len(others) > 5 else ""
        )
        notes.append(
            f"Of the ZIP, {posixpath.basename(page)} and its pictures were taken, and these left out: {shown}."
        )
    return Bundle(text(html), posixpath.dirname(page), files, tuple(notes))


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others may ask for any memory
        raise _no(f"{entry.filename[-60:]} is packed in a way that is not read here. Make the ZIP anew.")
    with archive.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _no(f"{entry.filename[-60:]} becomes too large when it is unpacked. Make it smaller, or take it out.")
    return content


def text(data: bytes) -> str:
    """HTML of octets: UTF-8, or what Windows wrote."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _normal(name: str) -> str | None:
    """The name within the archive; None when it leads out of it."""
    if "\x00" in name or name.startswith("/") or ":" in name.split("/")[0]:
        return None
    path = posixpath.normpath(name)
    return None if path.startswith("..") or path == "." else path


def write(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files, by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
