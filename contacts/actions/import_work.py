"""The long part of an import: reading the file, making the plan, applying it. Any worker may go on where another died.

Policy: work is a series of transactions. Each first locks the import's row and sees that it is still ours and still in
the state that we think; each ends by writing how far it came. So a killed worker loses one batch, a second worker on the
same import steps back, and a cancel takes effect at the next batch.
"""

import logging
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone

from accounts.actions import audit
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts.actions import imports
from contacts.adapters import import_tables
from contacts.adapters.import_tables import Joining
from contacts.enums import ImportState
from contacts.importing import reading
from contacts.importing.judging import Bad, Column, Judge, Person
from contacts.importing.sniffing import Layout
from contacts.models import Import
from contacts.values import FieldKind

log = logging.getLogger(__name__)

STAGE_BATCH = 50_000  # rows
APPLY_BATCH = 25_000  # lines
STALE = timedelta(seconds=20)  # without a sign of life; a worker in a long statement holds the row's lock instead
KEEP_ROWS = timedelta(days=30)


class Lost(Exception):
    """The import was cancelled, or another worker has taken it up."""


def run(*, organization_id: int, import_id: int) -> bool:
    """Take an import up and work until it waits for a person or is over. False if there was nothing to take up."""
    worker = f"{os.getpid()}-{secrets.token_hex(8)}"
    with tenant_scope_id(organization_id):
        import_ = _take_up(import_id, worker)
    if import_ is None:
        return False
    try:
        if import_.state == ImportState.STAGING:
            _stage(organization_id, import_id, worker)
            _plan(organization_id, import_id, worker)
        else:
            while _apply_batch(organization_id, import_id, worker):
                pass
    except Lost:
        pass
    except (InterfaceError, OperationalError):
        raise  # the database was away: a sweep takes the import up again
    except (reading.Unreadable, OSError) as trouble:
        _fail(organization_id, import_id, worker, str(trouble))
    except Exception:
        # Tried again it would fail again, for ever. What was applied stays and is counted.
        log.exception("Import %d could not go on.", import_id)
        _fail(
            organization_id, import_id, worker, "An error of ours; the worker's log has it. Nothing more was changed."
        )
    return True


def waiting() -> list[tuple[int, int]]:
    """(organization, import) of all that nobody works on: a wake-up or a worker was lost."""
    with cross_tenant("sweep imports that lost their worker"):
        rows = Import.objects.filter(state__in=imports.WORKING).filter(
            Q(worker="") | Q(beat_at=None) | Q(beat_at__lt=timezone.now() - STALE)
        )
        return list(rows.order_by("pk").values_list("organization_id", "pk"))


def forget_old() -> None:
    """Cancel imports that nobody went on with, and remove the staged rows of those that were over long ago."""
    with cross_tenant("remove the staged rows of old imports"):
        left = Import.objects.filter(
            state__in=(ImportState.UPLOADED, ImportState.PLANNED), created_at__lt=timezone.now() - KEEP_ROWS
        )
        for import_ in left.select_for_update(skip_locked=True).order_by("pk")[:20]:
            import_.state, import_.finished_at = ImportState.CANCELLED, timezone.now()
            import_.save(update_fields=["state", "finished_at"])
            imports.discard_file(import_)
        old = Import.objects.filter(
            state__in=imports.OVER, finished_at__lt=timezone.now() - KEEP_ROWS, rows_staged__gt=0
        )
        for import_ in old.order_by("pk")[:20]:
            import_tables.forget(import_.pk)
            Import.objects.filter(pk=import_.pk).update(rows_staged=0)


def _take_up(import_id: int, worker: str) -> Import | None:
    import_ = (
        Import.objects.select_for_update(skip_locked=True)
        .filter(pk=import_id, state__in=imports.WORKING)
        .filter(Q(worker="") | Q(beat_at=None) | Q(beat_at__lt=timezone.now() - STALE))
        .first()
    )
    if import_ is not None:
        import_.worker, import_.beat_at = worker, timezone.now()
        import_.save(update_fields=["worker", "beat_at"])
    return import_


def _ours(import_id: int, worker: str, state: ImportState) -> Import:
    import_ = (
        Import.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(pk=import_id, worker=worker, state=state)
        .first()
    )
    if import_ is None:
        raise Lost
    return import_


def _stage(organization_id: int, import_id: int, worker: str) -> None:
    with tenant_scope_id(organization_id):
        import_ = _ours(import_id, worker, ImportState.STAGING)
        judge = judge_for(import_)
        path, layout, done = imports.path_of(import_), layout_of(import_), import_.rows_staged
    with reading.opened(path, layout.encoding) as file:
        rows = judged(reading.records(file, layout.separator, skip=layout.preamble), judge, layout.has_header)
        for _ in islice(rows, done):  # what a worker before us has staged
            pass
        staged = STAGE_BATCH
        while staged == STAGE_BATCH:
            with tenant_scope_id(organization_id):
                import_ = _ours(import_id, worker, ImportState.STAGING)
                staged = import_tables.stage(organization_id, import_id, islice(rows, STAGE_BATCH))
                import_.rows_staged += staged
                import_.beat_at = timezone.now()
                import_.save(update_fields=["rows_staged", "beat_at"])


def judge_for(import_: Import) -> Judge:
    """The judge of an import's rows, as its columns were matched."""
    fields = imports.fields_of(import_)
    columns = []
    for column in import_.mapping:
        to, index = str(column["to"]), int(column["column"])
        if to.startswith("field:"):
            field = fields[to[6:]]
            order = str(column.get("date_order", "ymd"))
            kind = FieldKind(field.key, field.label, field.kind, field.choices, order, field.zone)
            columns.append(Column(index, "field", kind))
        elif to in ("email", "language"):
            columns.append(Column(index, to))
    return Judge(columns, len(import_.dialect["columns"]))


def layout_of(import_: Import) -> Layout:
    dialect = import_.dialect
    return Layout(dialect["encoding"], dialect["separator"], dialect["has_header"], dialect["preamble"])


def judged(
    records: Iterator[reading.Record | reading.Trouble], judge: Judge, has_header: bool
) -> Iterator[Person | Bad]:
    """Every row below the header, judged."""
    if has_header:
        for record in records:
            if isinstance(record, reading.Record):
                break
            yield judge.judge(record)
    for record in records:
        yield judge.judge(record)


def _plan(organization_id: int, import_id: int, worker: str) -> None:
    with tenant_scope_id(organization_id):
        import_ = _ours(import_id, worker, ImportState.STAGING)
        import_.plan = import_tables.plan(organization_id, import_id, import_.consent.get("topics", []))
        import_.rows_total = import_.rows_staged
        import_.state, import_.worker, import_.finished_at = ImportState.PLANNED, "", timezone.now()
        import_.save(update_fields=["plan", "rows_total", "state", "worker", "finished_at"])


def _apply_batch(organization_id: int, import_id: int, worker: str) -> bool:
    """One batch in one transaction; False when it was the last."""
    with tenant_scope_id(organization_id):
        import_ = _ours(import_id, worker, ImportState.APPLYING)
        after = import_.applied_through
        last, rows = import_tables.end_of_batch(import_id, after, APPLY_BATCH)
        if rows:
            import_tables.apply(organization_id, import_id, after, last, _joining(import_))
        import_.applied_through, import_.beat_at = last, timezone.now()
        import_.rows_applied += rows
        over = rows < APPLY_BATCH
        if over:
            import_.state, import_.worker, import_.finished_at = ImportState.APPLIED, "", timezone.now()
            imports.discard_file(import_)
            audit.record(
                organization=import_.organization,
                verb="contacts.import_applied",
                target=import_,
                data={"file": import_.file_name, "plan": import_.plan},
            )
        import_.save(update_fields=["applied_through", "beat_at", "rows_applied", "state", "worker", "finished_at"])
    return not over


def _joining(import_: Import) -> Joining | None:
    consent = import_.consent
    if not consent.get("topics"):
        return None
    basis = imports.BASES.get(consent["basis"], consent["basis"])
    given = datetime.fromisoformat(consent["date"]).replace(tzinfo=UTC)
    return Joining(
        topic_ids=consent["topics"],
        wording=f"{basis}. {consent['source']}: {consent['wording']}",
        at=given,
        about=f"import {import_.public_id}",
        actor_id=import_.created_by_id,
    )


def _fail(organization_id: int, import_id: int, worker: str, why: str) -> None:
    with tenant_scope_id(organization_id):
        import_ = Import.objects.select_for_update().filter(pk=import_id, worker=worker).first()
        if import_ is None:
            return
        import_.state, import_.worker, import_.finished_at = ImportState.FAILED, "", timezone.now()
        import_.problem = why[:1000]
        import_.save(update_fields=["state", "worker", "finished_at", "problem"])
        audit.record(
            organization=import_.organization,
            verb="contacts.import_failed",
            target=import_,
            data={"why": import_.problem, "applied": import_.rows_applied},
        )
