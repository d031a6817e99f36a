"""Whatever people bring (a workbook, JSON, a ZIP, another service's export) becomes one plain CSV in UTF-8.

Policy: foreign formats are opened in a child process that may use so much memory, time and disk and no more: a file that
is made to hurt ends the child, never the worker. What the child says is its answer or a sentence for the person.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contacts.importing import contents, peers, reading, sniffing

SECONDS = 1_800.0  # of the clock; a workbook of a million rows takes about a minute
CPU_SECONDS, CPU_OF_A_MEGABYTE, CPU_MOST = 120, 10, 1_500  # for any file, for each megabyte of it, and never more
BEAT = 1.0  # seconds between two reports of how far it is

_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from contacts.importing import child; child.main()"
TOO_LONG = (
    "The file takes too long to open. Save the people as CSV (UTF-8), in several files if need be, and upload that."
)
TOO_BIG = "The file needs too much memory to be opened. Save the people as CSV (UTF-8) and upload that: a CSV may be of any size."
BROKEN = (
    "The file cannot be opened: it is damaged, or not what it seems. Save the people as CSV (UTF-8) and upload that."
)

LAYOUT = sniffing.Layout("utf-8", ",", has_header=True)  # of every table that is unpacked


@dataclass(frozen=True, slots=True)
class File:
    """A file that people came in: its name (within its archive) and its rows of data."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What became of a file. `origin` is a key of peers.ORIGINS or ""; `notes` are sentences for the person."""

    origin: str
    files: tuple[File, ...]
    rows: int
    notes: tuple[str, ...]


def needed(source: Path, *, file_name: str = "") -> bool:
    """Whether a file must be unpacked before it can be imported; a plain CSV need not, if it is no other service's export
    and its name does not say that everybody in it has left.

    Raises reading.Unreadable for what is no list of people at all: a picture, a PDF, an old workbook.
    """
    kind = contents.kind_of(source)
    if kind != contents.Kind.TEXT:
        return True
    try:
        seen = sniffing.glimpse(source)
    except sniffing.NoRows:
        return False  # whoever reads it says so
    export = peers.recognise(seen.header, file_name)
    if export is None:
        return peers.status_in_name(file_name, seen.header) is not None
    return export.needs_expanding


def unpack(
    source: Path, target: Path, *, file_name: str = "", progress: Callable[[int], None] | None = None
) -> Unpacked:
    """Write all people of `source` into `target`, a CSV of LAYOUT. Raises reading.Unreadable; then there is no target.

    `progress` is called about every second with the number of rows so far; what it raises ends the work.
    """
    before = reading.stamp(source)
    for left in target.parent.glob(f".{target.name}-*"):  # by a worker that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-", ignore_cleanup_errors=True) as room:
        made = Path(room) / "people.csv"
        order = {
            "source": str(source),
            "target": str(made),
            "name": file_name or source.name,
            "seconds": cpu_seconds(source.stat().st_size),
        }
        answer = _ask(order, progress)
        if reading.stamp(source) != before:
            raise reading.Unreadable(reading.CHANGED)
        made.replace(target)
    return Unpacked(
        str(answer["origin"]),
        tuple(File(str(name), int(rows)) for name, rows in answer["files"]),
        int(answer["rows"]),
        tuple(map(str, answer["notes"])),
    )


def cpu_seconds(size: int) -> int:
    """How long the processor may work on a file of so many bytes. A megabyte can hold a gigabyte of empty cells: who uploads
    little must not keep everybody else's imports waiting for long."""
    return min(CPU_SECONDS + CPU_OF_A_MEGABYTE * (size >> 20), CPU_MOST)


def _ask(order: Mapping[str, Any], progress: Callable[[int], None] | None) -> Mapping[str, Any]:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _START, _ROOT, json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},  # no secrets in there
        close_fds=True,
    ) as child:
        try:
            return _listen(child, progress)
        finally:
            child.kill()


def _listen(child: subprocess.Popen[bytes], progress: Callable[[int], None] | None) -> dict[str, Any]:
    """The child writes a line of JSON a second: {"at": rows} until its {"done": …} or {"refused": "words"}."""
    assert child.stdout is not None
    number, deadline, buffer = child.stdout.fileno(), time.monotonic() + SECONDS, b""
    rows = 0
    while True:
        while b"\n" not in buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise reading.Unreadable(TOO_LONG)
            ready, _, _ = select.select([number], [], [], min(BEAT, left))
            if progress is not None:
                progress(rows)
            if ready:
                piece = os.read(number, 1 << 16)
                if not piece:
                    raise reading.Unreadable(_last_words(child.wait()))
                buffer += piece
        line, _, buffer = buffer.partition(b"\n")
        try:
            said = json.loads(line)
        except ValueError as trouble:
            raise reading.Unreadable(BROKEN) from trouble
        if "refused" in said:
            raise reading.Unreadable(str(said["refused"]))
        if "done" in said:
            return dict(said["done"])
        rows = int(said["at"])


def _last_words(code: int) -> str:
    """Why a child that said nothing may have ended: its time was over, or the kernel's memory."""
    return {-signal.SIGXCPU: TOO_LONG, -signal.SIGKILL: TOO_BIG}.get(code, BROKEN)
