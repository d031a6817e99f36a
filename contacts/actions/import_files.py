"""The files of an import: the upload as it came, and the table that is read. People's data, kept no longer than needed.

A small plain table is looked at when it is uploaded; everything else in the worker: what must be unpacked, what is large.
"""

import hashlib
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from contacts.errors import BadImport
from contacts.importing import guessing, peers, sniffing, unpacking
from contacts.models import Import
from contacts.queries import fields as known_fields

MAX_BYTES = 2 * 1024**3
TOO_LARGE = f"The file is larger than {MAX_BYTES // 1024**3} GB. Split it."
SMALL = 32 * 1024**2  # bytes that are looked at while the person waits

Upload = tuple[str, Iterable[bytes]]  # name, pieces


def path_of(import_: Import) -> Path:
    """The table that is read."""
    return _folder(import_) / f"{import_.public_id}.csv"


def upload_of(import_: Import) -> Path:
    """What came in; gone once the table is there."""
    return _folder(import_) / f"{import_.public_id}.upload"


def keep(import_: Import, uploads: Sequence[Upload]) -> None:
    """Write what is uploaded to disk, piece by piece; several files become one ZIP. Raises BadImport.

    Sets the import's size and fingerprint: the SHA-256 of the file, or of its files in their order.
    """
    path = upload_of(import_)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0

    def pieces(chunks: Iterable[bytes]) -> Iterable[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_BYTES:
                raise BadImport(TOO_LARGE)
            digest.update(chunk)
            yield chunk

    if len(uploads) == 1:
        with path.open("xb") as file:
            for piece in pieces(uploads[0][1]):
                file.write(piece)
    else:
        with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
            for number, (name, chunks) in enumerate(uploads, 1):
                inside = name if sum(name == other for other, _ in uploads) == 1 else f"{number}-{name}"
                with archive.open(zipfile.ZipInfo(inside), "w", force_zip64=True) as member:
                    for piece in pieces(chunks):
                        member.write(piece)
    if size == 0:
        raise BadImport("The file is empty: there is not one row in it.")
    import_.file_size, import_.fingerprint = size, digest.hexdigest()


def is_plain(import_: Import) -> bool:
    """Whether the upload can be looked at now: a small table that needs no unpacking. Raises reading.Unreadable."""
    path = upload_of(import_)
    if path.stat().st_size > SMALL:
        return False
    return not unpacking.needed(path, file_name=import_.file_name)


def known_of(import_: Import) -> list[guessing.Known]:
    """The fields that a column may mean."""
    return [guessing.Known(field.key, field.label, field.kind) for field in known_fields.known(import_.organization)]


def make_table(import_: Import, known: Sequence[guessing.Known], progress: Callable[[int], None] | None = None) -> None:
    """Turn the upload into the table, look at its beginning and guess what its columns mean; sets dialect, origin, mapping.
    Asks the database nothing, for it may take minutes.

    Raises reading.Unreadable. Again after a crash it begins anew; the upload is left for the caller to remove.
    """
    upload, table = upload_of(import_), path_of(import_)
    import_.origin, facts = "", {}
    if not upload.exists() and table.exists():
        seen = sniffing.glimpse(table)
    elif unpacking.needed(upload, file_name=import_.file_name):
        made = unpacking.unpack(upload, table, file_name=import_.file_name, progress=progress)
        seen = sniffing.glimpse(table, unpacking.LAYOUT)
        import_.origin = made.origin
        facts = {
            "files": [[file.name, file.rows] for file in made.files],
            "notes": list(made.notes),
            "lines": made.rows,
        }
    else:
        seen = sniffing.glimpse(upload)
        facts = {"notes": list(seen.notes), "lines": _lines(upload)}
        upload.replace(table)
    if not import_.origin:
        export = peers.recognise(seen.header, import_.file_name)
        import_.origin = export.origin if export is not None else ""
    import_.dialect = {**asdict(seen.layout), "columns": list(seen.header), **facts}
    guesses = guessing.guess(seen.header, seen.rows, known, origin=import_.origin)
    import_.mapping = [{"column": index, **asdict(guess)} for index, guess in enumerate(guesses)]


def drop_upload(import_: Import) -> None:
    """After the commit: the table stands in its place."""
    path = upload_of(import_)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def discard(import_: Import) -> None:
    """After the commit: the import is over."""
    for path in (upload_of(import_), path_of(import_)):
        transaction.on_commit(partial(path.unlink, missing_ok=True))


def sweep(*, older_than: timedelta) -> None:
    """Remove what a worker that was killed between the commit and the removal has left, also half unpacked."""
    before = time.time() - older_than.total_seconds()
    for left in Path(settings.UPLOAD_DIR).glob("*/*"):
        try:
            if left.stat().st_mtime >= before:
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        except FileNotFoundError:  # somebody else was faster
            continue


def _folder(import_: Import) -> Path:
    return Path(settings.UPLOAD_DIR) / str(import_.organization_id)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
