"""Foreign tables put together into one: columns united by name, JSON cells spread out, and how people stand said by row.

Policy: no row is dropped in silence. A row that cannot be read is written as what it is, to be refused with its reason.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contacts.importing import (
    archives,
    contents,
    json_tables,
    meanings,
    names,
    parts,
    peers,
    reading,
    statuses,
    workbooks,
)
from contacts.importing.contents import Kind

MAX_PARTS = 200
MAX_ROWS = 20_000_000
MAX_LINES = reading.MAX_RECORD_LINES - 20  # within one row
_SKIPPED = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini", "readme")
NOTHING = "There are no people in this file: not one row of data was found."
ONLY_A_HASH = (
    "Of this person only a hash of the address is left: they were erased there. Nobody can be written to by a hash."
)


@dataclass(slots=True)
class _Plan:
    """How one part's rows come into the table."""

    part: parts.Part
    export: peers.Export | None
    status: int | None
    status_at: int | None = None
    hash_at: int | None = None
    objects: dict[int, dict[str, int]] = field(default_factory=dict)  # column of JSON: key to place in the table
    places: list[int] = field(default_factory=list)  # of the part's columns; -1 for those that are replaced
    email_at: int | None = None


def assemble(source: Path, target: Path, name: str, progress: Callable[[int], None]) -> dict[str, Any]:
    """Write the table; what became of the file, as unpacking.Unpacked in JSON. Raises reading.Unreadable."""
    notes: list[str] = []
    found = _parts(source, name, target.parent, notes)
    plans = [plan for part in found if (plan := _plan(part, len(found) > 1, notes)) is not None]
    if not plans:
        raise reading.Unreadable(" ".join([*notes, NOTHING]))
    origins = {plan.export.origin for plan in plans if plan.export is not None}
    origin = origins.pop() if len(origins) == 1 else ""
    plans.sort(key=lambda plan: statuses.gravity(plan.status or statuses.NONE))
    header, status_place = _united(plans)
    files, rows = [], 0
    with target.open("x", encoding="utf-8", errors="replace", newline="") as out:
        writer = csv.writer(out)  # its line end is \r\n: with another it would not quote a lonely \r
        writer.writerow(header)
        for plan in plans:
            n = 0
            for row in _rows(plan, len(header), status_place):
                writer.writerow(row)
                n += 1
                if not n & 1023:
                    progress(rows + n)
                    if rows + n > MAX_ROWS:
                        raise reading.Unreadable(f"There are more than {MAX_ROWS:,} rows in it. Split the file.")
            files.append([plan.part.name, n])
            rows += n
    if not rows:
        raise reading.Unreadable(" ".join([*notes, NOTHING]))
    return {"origin": origin, "files": files, "rows": rows, "notes": list(dict.fromkeys(notes))}


def _parts(source: Path, name: str, room: Path, notes: list[str]) -> list[parts.Part]:
    kind = contents.kind_of(source)
    if kind == Kind.ARCHIVE:
        return list(_members(source, room, notes))
    part = _opened(source, kind, name)
    if part is None:
        raise reading.Unreadable(NOTHING)
    return [part]


def _opened(path: Path, kind: Kind, name: str) -> parts.Part | None:
    match kind:
        case Kind.WORKBOOK:
            return workbooks.table(path, name)
        case Kind.JSON:
            return json_tables.table(path, name)
    return parts.of_text(path, name)


def _members(source: Path, room: Path, notes: list[str]) -> Iterator[parts.Part]:
    with archives.opened(source) as archive:
        entries = [entry for entry in archive.filelist if not entry.is_dir() and _is_list(entry.filename)]
        if len(entries) > MAX_PARTS:
            raise reading.Unreadable(
                f"There are {len(entries):,} lists in it; up to {MAX_PARTS} can be joined. Split it."
            )
        for number, entry in enumerate(entries):
            shown = entry.filename[-200:].replace("\x00", "")
            path = room / f"part-{number}"
            archives.keep(archive, entry, path)
            try:
                kind = contents.kind_of(path)
                if kind == Kind.ARCHIVE:
                    raise reading.Unreadable("It is a ZIP in a ZIP: unpack it and upload it on its own.")
                part = _opened(path, kind, shown) if path.stat().st_size else None
            except reading.Unreadable as refused:
                notes.append(f"{shown} was left out. {refused}")
                continue
            if part is None:
                notes.append(f"{shown} has no rows.")
            else:
                yield part


def _is_list(name: str) -> bool:
    lowered = name.lower()
    return not any(lowered.startswith(skipped) or f"/{skipped}" in f"/{lowered}" for skipped in _SKIPPED)


def _plan(part: parts.Part, several: bool, notes: list[str]) -> _Plan | None:
    notes.extend(f"{part.name}: {words}" if several else words for words in part.notes)
    export = peers.recognise(part.header, part.name)
    if export is not None and export.left_out:
        notes.append(
            f"{part.name} is {peers.ORIGINS[export.origin]}’s list of {export.about}: left out. {export.left_out}."
        )
        return None
    if export is None:
        status = peers.status_in_name(part.name, part.header)
        if status is not None:
            notes.append(
                f"By its name, everybody in {part.name} is taken as {statuses.NAMES[status]}."
                f" If that is wrong, skip the column “{peers.STATUS_COLUMN}”."
            )
        return _Plan(part, None, status)
    plan = _Plan(part, export, export.status)
    plain = [names.plain(column) for column in part.header]
    if export.status_of in plain:
        plan.status_at = plain.index(export.status_of)
    if export.hash_of in plain:
        plan.hash_at = plain.index(export.hash_of)
        plan.email_at = plain.index("email")
    for column in export.objects:
        if column in plain:
            plan.objects[plain.index(column)] = {}
    return plan


def _united(plans: Sequence[_Plan]) -> tuple[list[str], int | None]:
    """The columns of the table, and where our own column of statuses stands. Fills the plans' places."""
    header: list[str] = []
    places: dict[str, int] = {}

    def place_of(name: str, key: str) -> int:
        if key not in places:
            places[key] = len(header)
            header.append(name)
            if len(header) > reading.MAX_COLUMNS:
                raise reading.Unreadable(
                    f"{reading.too_wide(len(header)).replace('row', 'file', 1)} {reading.NARROWER}"
                )
        return places[key]

    for plan in plans:
        means = plan.export.means if plan.export is not None else {}
        here: set[str] = set()
        for index, name in enumerate(plan.part.header):
            key = names.plain(name) or name
            meaning = means.get(key, meanings.SKIP)
            if meaning not in (meanings.SKIP, meanings.NEW) and meaning not in here:
                here.add(meaning)
                key = f"\x00{meaning}"  # UNSUB_TIME of one file and CLEAN_TIME of another are one column
            if index in (plan.status_at, plan.hash_at) or index in plan.objects:
                plan.places.append(-1)
            else:
                plan.places.append(place_of(name, key))
    for plan in plans:
        if plan.objects:
            taken = {names.plain(name) for name in plan.part.header}
            for row in plan.part.rows():
                if isinstance(row, reading.Trouble):
                    continue
                for index, keys in plan.objects.items():
                    for key in _object(row, index):
                        if key not in keys:
                            whole = names.plain(key) in taken or not names.plain(key)
                            name = f"{plan.part.header[index]}.{key}" if whole else key
                            keys[key] = place_of(name, f"{index}.{key}")
    status = None
    if any(plan.status is not None or plan.status_at is not None for plan in plans):
        status = place_of(peers.STATUS_COLUMN, "\x00status")
    return [" ".join(name.split())[:100] for name in header], status


def _object(row: Sequence[str], index: int) -> dict[str, str]:
    """The JSON object in a cell, flattened; empty if it is none."""
    cell = row[index].strip() if index < len(row) else ""
    if len(cell) < 2 or len(cell) > reading.MAX_CELL or cell[0] != "{":
        return {}
    try:
        value = json_tables.loads(cell)
        return json_tables.flattened(value) if isinstance(value, dict) else {}
    except ValueError:
        return {}


def _rows(plan: _Plan, width: int, status_place: int | None) -> Iterator[list[str]]:
    places = plan.places
    own = len(places)
    status = statuses.NAMES[plan.status] if plan.status is not None else ""
    straight = places == list(range(own)) and own == width
    for row in plan.part.rows():
        if isinstance(row, reading.Trouble):
            yield reading.marked(row)
            continue
        if len(row) > own:
            if any(cell.strip() for cell in row[own:]):
                why = f"The row has {len(row)} cells where the file has {own} columns."
                yield reading.marked(reading.Trouble(0, why, reading.text_of(row)))
                continue
            row = row[:own]
        elif not "".join(row).strip():
            continue
        why_not = _too_much(row)
        if why_not:
            yield reading.marked(reading.Trouble(0, why_not, reading.text_of(row)))
            continue
        if straight and len(row) == width:
            yield row
            continue
        made = [""] * width
        for place, cell in zip(places, row, strict=False):
            if place >= 0:
                made[place] = cell
        for index, keys in plan.objects.items():
            cell = row[index].strip() if index < len(row) else ""
            facts = _object(row, index)
            if not facts and cell not in ("", "{}", "null"):
                why = f"{plan.part.header[index]} is no JSON object that can be read."
                made = reading.marked(reading.Trouble(0, why, reading.text_of(row)))
                break
            for key, value in facts.items():
                made[keys[key]] = value
        else:
            if plan.hash_at is not None and plan.email_at is not None and not row[plan.email_at].strip():
                made = reading.marked(reading.Trouble(0, ONLY_A_HASH, reading.text_of(row)))
            elif status_place is not None:
                made[status_place] = _status(plan, row) if plan.status_at is not None else status
        yield made


def _status(plan: _Plan, row: Sequence[str]) -> str:
    """In our words, or as it stands there if we do not know the word: then the row is refused for it."""
    assert plan.export is not None and plan.status_at is not None
    word = row[plan.status_at].strip() if plan.status_at < len(row) else ""
    known = plan.export.words.get(word.lower())
    return word if known is None else statuses.NAMES[known]


def _too_much(row: Sequence[str]) -> str:
    if sum(map(len, row)) > reading.MAX_CELL and max(map(len, row)) > reading.MAX_CELL:
        return f"A cell is longer than {reading.MAX_CELL // 1024} KB."
    if sum(cell.count("\n") + cell.count("\r") for cell in row) > MAX_LINES:
        return f"The row goes over more than {MAX_LINES} lines."
    return ""
