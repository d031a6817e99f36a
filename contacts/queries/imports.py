"""Imports as pages show them: history, progress, a look at the file, the bad rows. The plan: import_plans."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path

from django.utils import timezone

from accounts.models import Organization
from contacts.enums import ImportState, RowVerdict
from contacts.importing import meanings, peers, sniffing
from contacts.importing.sniffing import Layout
from contacts.models import Import, ImportRow
from contacts.queries import fields
from contacts.values import FieldKind

HISTORY = 100
SHOWN_ROWS = 8
SHOWN_BAD = 20
UNDER_WAY = (ImportState.UNPACKING, ImportState.STAGING, ImportState.PLANNED, ImportState.APPLYING, ImportState.UNDOING)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of about `total` rows, `rate` rows a second, `left` the time that remains (None: not known yet)."""

    done: int
    total: int | None
    rate: float | None
    left: timedelta | None

    @property
    def left_words(self) -> str:
        """ "40 seconds", "3 minutes", "2 hours"; "" if not known."""
        if self.left is None:
            return ""
        seconds = round(self.left.total_seconds())
        for unit, length in (("hour", 3600), ("minute", 60)):
            if seconds >= 2 * length:
                return f"{round(seconds / length)} {unit}s"
        return f"{seconds} second{'' if seconds == 1 else 's'}"


def history(organization: Organization) -> list[Import]:
    """The newest imports; each has `.origin_words`, the service that its file comes from."""
    found = Import.objects.filter(organization=organization).select_related("created_by", "undone_by")
    rows = list(found.order_by("-pk")[:HISTORY])
    for row in rows:
        row.origin_words = peers.ORIGINS.get(row.origin, "")  # type: ignore[attr-defined]
    return rows


def working(organization: Organization) -> list[Import]:
    """Imports that are on their way or wait for somebody, for the jobs bell; each has `.progress`."""
    rows = list(Import.objects.filter(organization=organization, state__in=UNDER_WAY).order_by("-pk")[:10])
    for row in rows:
        row.progress = progress(row)  # type: ignore[attr-defined]
    return rows


def is_adding(organization: Organization) -> bool:
    """Whether an import writes people at this moment; what is read, or waits for somebody's word, adds nobody."""
    return Import.objects.filter(organization=organization, state=ImportState.APPLYING).exists()


def progress(import_: Import) -> Progress:
    """How far an import has come in its present phase."""
    total: int | None
    match import_.state:
        case ImportState.UNPACKING:
            done, total = import_.rows_staged, None
        case ImportState.STAGING:
            done, total = import_.rows_staged, int(import_.dialect.get("lines", 0))
        case ImportState.UNDOING:
            done, total = int(import_.undo.get("people", 0)), int(import_.undo.get("of", 0))
        case _:
            done, total = import_.rows_applied, import_.rows_total or 0
    return pace(done, total, import_.started_at)


def pace(done: int, total: int | None, started_at: datetime | None) -> Progress:
    """How far work has come that began then."""
    total = max(total, done) if total is not None else None
    seconds = (timezone.now() - started_at).total_seconds() if started_at else 0
    rate = done / seconds if done and seconds > 1 else None
    left = timedelta(seconds=round((total - done) / rate)) if rate and total is not None else None
    return Progress(done, total, rate, left)


def kinds(import_: Import) -> dict[str, FieldKind]:
    """By its key every field that its rows may have values of: the organization's, and those that it is to make."""
    known = fields.known(import_.organization, archived=True)
    return {field.key: field for field in (*known, *fields_to_be_made(import_))}


def fields_to_be_made(import_: Import) -> list[FieldKind]:
    """The fields that approving its plan makes, in the order of their columns."""
    return [
        FieldKind(
            column["key"],
            column["label"],
            column["kind"],
            tuple(column["choices"]),
            zone=import_.organization.time_zone,
        )
        for column in import_.mapping
        if column["to"] == meanings.NEW and column.get("key")
    ]


def layout(import_: Import) -> Layout:
    """How its table is read."""
    dialect = import_.dialect
    return Layout(dialect["encoding"], dialect["separator"], dialect["has_header"], dialect["preamble"])


def earlier(import_: Import) -> Import | None:
    """The last other import of the very same file that is on its way or was applied."""
    return (
        Import.objects.filter(
            organization_id=import_.organization_id,
            fingerprint=import_.fingerprint,
            state__in=(*UNDER_WAY, ImportState.UPLOADED, ImportState.APPLIED),
        )
        .exclude(pk=import_.pk)
        .order_by("-pk")
        .first()
    )


def sample(import_: Import, path: Path) -> list[tuple[str, ...]]:
    """The first rows of the file, without its header; empty if the file is gone."""
    seen = layout(import_)
    try:
        rows = sniffing.sample_of(path, seen)
    except OSError:
        return []
    return rows[1 if seen.has_header else 0 :][:SHOWN_ROWS]


def spot(import_: Import, line: int) -> tuple[str, int]:
    """(file, line) of a row; of a workbook or an archive, the file within and the row of its table, its header being 1."""
    files = import_.dialect.get("files")
    if not files:
        return import_.file_name, line
    ends = list(accumulate(rows for _, rows in files))
    index = min(bisect_left(ends, line), len(files) - 1)
    return files[index][0], line - (ends[index - 1] if index else 0) + 1


def bad_rows(import_: Import, most: int = SHOWN_BAD) -> list[ImportRow]:
    """The first rows that cannot be imported; each has `.spot`, (file, line)."""
    rows = list(ImportRow.objects.filter(source=import_, verdict=RowVerdict.INVALID).order_by("line")[:most])
    for row in rows:
        row.spot = spot(import_, row.line)  # type: ignore[attr-defined]
    return rows


def rejects(import_: Import) -> Iterator[tuple[str, int, str, str]]:
    """Every bad row as (file, line, problem, raw), read in pieces."""
    after, piece = -1, 2_000
    while True:
        rows = list(
            ImportRow.objects.filter(source=import_, verdict=RowVerdict.INVALID, line__gt=after)
            .order_by("line")
            .values_list("line", "problem", "raw")[:piece]
        )
        for line, problem, raw in rows:
            yield *spot(import_, line), problem, raw
        if len(rows) < piece:
            return
        after = rows[-1][0]
