"""Imports as pages show them: history, progress, a look at the file, the bad rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import Organization
from contacts.enums import ImportState, RowVerdict
from contacts.importing import sniffing
from contacts.importing.sniffing import Layout
from contacts.models import Import, ImportRow

HISTORY = 100
SHOWN_ROWS = 8
SHOWN_BAD = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of about `total` rows, `rate` rows a second, `left` the time that remains (None: not known yet)."""

    done: int
    total: int
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
    return list(Import.objects.filter(organization=organization).select_related("created_by").order_by("-pk")[:HISTORY])


def working(organization: Organization) -> list[Import]:
    """Imports that are on their way or wait for somebody, for the jobs bell; each has `.progress`."""
    rows = list(
        Import.objects.filter(
            organization=organization,
            state__in=(ImportState.STAGING, ImportState.APPLYING, ImportState.PLANNED),
        ).order_by("-pk")[:10]
    )
    for row in rows:
        row.progress = progress(row)  # type: ignore[attr-defined]
    return rows


def progress(import_: Import) -> Progress:
    """How far an import has come in its present phase."""
    if import_.state == ImportState.STAGING:
        done, total = import_.rows_staged, int(import_.dialect.get("lines", 0))
    else:
        done, total = import_.rows_applied, import_.rows_total or 0
    total = max(total, done)
    seconds = (timezone.now() - import_.started_at).total_seconds() if import_.started_at else 0
    rate = done / seconds if done and seconds > 1 else None
    return Progress(done, total, rate, timedelta(seconds=round((total - done) / rate)) if rate else None)


def earlier(import_: Import) -> Import | None:
    """The last import of the very same file, if it was applied."""
    return (
        Import.objects.filter(
            organization_id=import_.organization_id, fingerprint=import_.fingerprint, state=ImportState.APPLIED
        )
        .exclude(pk=import_.pk)
        .order_by("-pk")
        .first()
    )


def sample(import_: Import, path: object) -> list[tuple[str, ...]]:
    """The first rows of the file, without its header; empty if the file is gone."""
    dialect = import_.dialect
    layout = Layout(dialect["encoding"], dialect["separator"], dialect["has_header"], dialect["preamble"])
    try:
        rows = sniffing.sample_of(path, layout)  # type: ignore[arg-type]
    except OSError:
        return []
    return rows[1 if layout.has_header else 0 :][:SHOWN_ROWS]


def bad_rows(import_: Import, most: int = SHOWN_BAD) -> list[ImportRow]:
    """The first rows that cannot be imported."""
    return list(ImportRow.objects.filter(source=import_, verdict=RowVerdict.INVALID).order_by("line")[:most])


def rejects(import_: Import) -> Iterator[tuple[int, str, str]]:
    """Every bad row as (line, problem, raw), read in pieces."""
    after, piece = -1, 2_000
    while True:
        rows = list(
            ImportRow.objects.filter(source=import_, verdict=RowVerdict.INVALID, line__gt=after)
            .order_by("line")
            .values_list("line", "problem", "raw")[:piece]
        )
        yield from rows
        if len(rows) < piece:
            return
        after = rows[-1][0]
