"""The logs of the processes under var/log: appended to, and cut before they fill the disk."""

import os
import shutil
from pathlib import Path

LARGEST = 20 * 1024 * 1024  # bytes; then the log becomes NAME.log.1, in the place of the one before


def rotate(log: Path) -> None:
    """Set a large log aside. Its writer keeps its open file (it appends), so the content is copied and then cut off."""
    try:
        if log.stat().st_size <= LARGEST:
            return
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)
    except OSError:
        return  # no log yet; or a full disk, which PostgreSQL reports better than we can here


def size(log: Path) -> int:
    """Bytes in the log now: what comes after is about what happens from now on."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def tail(log: Path, lines: int = 3, *, since: int = 0) -> str:
    """The last lines of a log that say something, none of them written before `since` (see `size`)."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= file.tell() else 0, file.tell() - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
