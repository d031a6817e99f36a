"""What becomes of a foreign file, from its bytes to judged rows: as an import does it, without a database."""

import json
import shutil
from collections import Counter
from pathlib import Path

from contacts.importing import guessing, peers, reading, sniffing, statuses, unpacking
from contacts.importing.guessing import Known
from contacts.importing.judging import Bad, Column, Judge
from contacts.values import FieldKind

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "imports"
KNOWN = [Known("first_name", "First name", "text"), Known("last_name", "Last name", "text")]


def plan(source: Path, room: Path, name: str = "") -> tuple[dict, list]:
    """What the file was taken for, and its judged rows."""
    name = name or source.name
    found: dict = {"unpacks": unpacking.needed(source, file_name=name), "notes": [], "files": []}
    table = room / "table.csv"
    if found["unpacks"]:
        made = unpacking.unpack(source, table, file_name=name)
        seen = sniffing.glimpse(table, unpacking.LAYOUT)
        found |= {
            "origin": made.origin,
            "files": [[file.name, file.rows] for file in made.files],
            "notes": list(made.notes),
        }
        assert sum(file.rows for file in made.files) == made.rows
    else:
        shutil.copy(source, table)
        seen = sniffing.glimpse(table)
        export = peers.recognise(seen.header, name)
        found |= {"origin": export.origin if export else "", "notes": list(seen.notes)}
    guesses = guessing.guess(seen.header, seen.rows, KNOWN, origin=found["origin"])
    found["mapping"] = {
        column: " ".join([one.to, one.kind, *filter(None, ["" if one.date_order == "ymd" else one.date_order])])
        if one.to == guessing.NEW
        else one.to
        for column, one in zip(seen.header, guesses, strict=True)
    }
    judge = Judge(columns_of(seen.header, guesses), len(seen.header))
    with reading.opened(table, seen.layout.encoding) as file:
        rows = list(reading.records(file, seen.layout.separator, skip=seen.layout.preamble))
    judged = [judge.judge(row) for row in rows]
    return found, judged[1:] if seen.layout.has_header else judged


def columns_of(header, guesses) -> list[Column]:
    """The columns as if the guesses had been accepted as they are."""
    columns = []
    for index, (name, one) in enumerate(zip(header, guesses, strict=True)):
        if one.to == guessing.NEW:
            kind = FieldKind(f"c{index}", name, one.kind, one.choices, one.date_order)
            columns.append(Column(index, "field", kind))
        elif one.to.startswith("field:"):
            columns.append(Column(index, "field", FieldKind(one.to[6:], name, "text")))
        elif one.to != guessing.SKIP:
            columns.append(Column(index, one.to, date_order=one.date_order))
    return columns


def told(found: dict, rows: list) -> dict:
    """The plan in the words of an expected result: counts, reasons, evidence."""
    good = [row for row in rows if not isinstance(row, Bad)]
    extras = [json.loads(row.extra or "{}") for row in good]
    return found | {
        "people": len(good),
        "statuses": dict(sorted(Counter(statuses.NAMES[row.status] or "not said" for row in good).items())),
        "invalid": [[row.problem, "|".join(json.loads(row.raw))[:60]] for row in rows if isinstance(row, Bad)],
        "evidence": dict(sorted(Counter(key for extra in extras for key in extra).items())),
        "typos": {row.key: extra["hint"] for row, extra in zip(good, extras, strict=True) if row.note & 1},
        "roles": [row.key for row in good if row.note & 2],
        "first": {"key": good[0].key, "facts": json.loads(good[0].facts), "extra": extras[0]},
    }
