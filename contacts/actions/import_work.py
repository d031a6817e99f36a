"""The long part of an import: reading the file, making the plan, applying it. Any worker may go on where another died.

Policy: work is a series of transactions. Each first locks the import's row and sees that it is still ours (turns) and still
in the state that we think; each ends by writing how far it came. So a killed worker loses one batch, a second worker on the
same import steps back, and a cancel takes effect at the next batch.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.actions import audit
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts.actions import bulk, import_fields, import_files, import_undo, imports, tags, turns
from contacts.adapters import import_applying, import_tables
from contacts.adapters.import_applying import Joining, Work
from contacts.enums import ImportState
from contacts.errors import NotThisWay, Refused
from contacts.importing import meanings, peers, reading
from contacts.importing.judging import Bad, Column, Judge, Person
from contacts.models import Import
from contacts.queries import imports as import_queries

log = logging.getLogger(__name__)

STAGE_BATCH = 50_000  # rows
APPLY_BATCH = 25_000  # lines
BEAT = 4.0  # seconds between two signs of life while a file is unpacked
KEEP_ROWS = import_undo.KEPT + timedelta(days=1)
OUR_ERROR = "An error of ours; the worker's log has it. Nothing more was changed."


def run(*, organization_id: int, import_id: int) -> bool:
    """Take an import up and work until it waits for a person or is over. False if there was nothing to take up."""
    worker = turns.new_name()
    with tenant_scope_id(organization_id):
        import_ = _take_up(import_id, worker)
    if import_ is None:
        return False
    try:
        match import_.state:
            case ImportState.UNPACKING:
                _unpack(organization_id, import_id, worker)
            case ImportState.STAGING:
                _stage(organization_id, import_id, worker)
                _plan(organization_id, import_id, worker)
            case ImportState.APPLYING:
                while _apply_batch(organization_id, import_id, worker):
                    pass
            case ImportState.UNDOING:
                while _undo_batch(organization_id, import_id, worker):
                    pass
    except turns.Lost:
        pass
    except (InterfaceError, OperationalError):
        raise  # the database was away, or two met: a sweep takes the import up again
    except (reading.Unreadable, Refused) as trouble:
        _fail(organization_id, import_id, worker, str(trouble))
    except OSError as trouble:
        log.exception("Import %d cannot read its file.", import_id)
        gone = isinstance(trouble, FileNotFoundError)
        words = "The uploaded file is not there any more. Upload it again." if gone else OUR_ERROR
        _fail(organization_id, import_id, worker, words)
    except Exception:
        # Tried again it would fail again, for ever. What was applied stays and is counted.
        log.exception("Import %d could not go on.", import_id)
        _fail(organization_id, import_id, worker, OUR_ERROR)
    return True


def waiting() -> list[tuple[int, int]]:
    """(organization, import) of all that nobody works on: a wake-up or a worker was lost."""
    with cross_tenant("sweep imports that lost their worker"):
        rows = Import.objects.filter(turns.free(), state__in=imports.WORKING)
        return list(rows.order_by("pk").values_list("organization_id", "pk"))


def forget_old() -> None:
    """Cancel imports that nobody went on with, and remove the staged rows of those that were over long ago, with every file
    that a killed worker has left."""
    import_files.sweep(older_than=KEEP_ROWS)
    with cross_tenant("remove the staged rows of old imports"):
        left = Import.objects.filter(
            state__in=(ImportState.UPLOADED, ImportState.PLANNED), created_at__lt=timezone.now() - KEEP_ROWS
        )
        for import_ in left.select_for_update(skip_locked=True).order_by("pk")[:20]:
            import_.state, import_.finished_at = ImportState.CANCELLED, timezone.now()
            import_.save(update_fields=["state", "finished_at"])
            import_files.discard(import_)
        old = Import.objects.filter(
            state__in=imports.OVER, finished_at__lt=timezone.now() - KEEP_ROWS, rows_staged__gt=0
        )
        for import_ in old.order_by("pk")[:20]:
            import_tables.forget(import_.pk)
            import_tables.forget_changes(import_.pk)
            Import.objects.filter(pk=import_.pk).update(rows_staged=0)


def _take_up(import_id: int, worker: str) -> Import | None:
    return turns.take_up(Import.objects.filter(pk=import_id, state__in=imports.WORKING), worker)


def _ours(import_id: int, worker: str, *states: ImportState) -> Import:
    rows = Import.objects.select_related("organization").filter(pk=import_id, state__in=states or imports.WORKING)
    return turns.ours(rows, worker)


def _unpack(organization_id: int, import_id: int, worker: str) -> None:
    """The upload becomes one table, in a child process; about every four seconds we say that we live."""
    with tenant_scope_id(organization_id):
        import_ = _ours(import_id, worker, ImportState.UNPACKING)
    said = time.monotonic()

    def progress(rows: int) -> None:
        nonlocal said
        if time.monotonic() - said < BEAT:
            return
        said = time.monotonic()
        with tenant_scope_id(organization_id):
            here = _ours(import_id, worker, ImportState.UNPACKING)
            here.rows_staged, here.beat_at = rows, timezone.now()
            here.save(update_fields=["rows_staged", "beat_at"])

    with tenant_scope_id(organization_id):
        known = import_files.known_of(import_)
    import_files.make_table(import_, known, progress)
    with tenant_scope_id(organization_id):
        here = _ours(import_id, worker, ImportState.UNPACKING)
        here.origin, here.dialect, here.mapping = import_.origin, import_.dialect, import_.mapping
        here.state, here.worker, here.rows_staged = ImportState.UPLOADED, "", 0
        here.save(update_fields=["origin", "dialect", "mapping", "state", "worker", "rows_staged"])
        import_files.drop_upload(here)


def _stage(organization_id: int, import_id: int, worker: str) -> None:
    with tenant_scope_id(organization_id):
        import_ = _ours(import_id, worker, ImportState.STAGING)
        judge = judge_for(import_)
        path, layout, done = import_files.path_of(import_), import_queries.layout(import_), import_.rows_staged
        is_unpacked = "files" in import_.dialect
    with reading.opened(path, layout.encoding) as file:
        rows = judged(reading.records(file, layout.separator, skip=layout.preamble), judge, layout.has_header)
        if is_unpacked:
            rows = numbered(rows)
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
    fields = import_queries.kinds(import_)
    columns = []
    for column in import_.mapping:
        to, index = str(column["to"]), int(column["column"])
        order = str(column.get("date_order", "ymd"))
        if to == meanings.NEW or to.startswith("field:"):
            field = fields.get(column["key"] if to == meanings.NEW else to[6:])
            if field is None:
                raise NotThisWay("A field that a column was matched to is gone by now. Import the file again.")
            columns.append(Column(index, "field", replace(field, date_order=order)))
        elif to != meanings.SKIP:
            columns.append(Column(index, to, date_order=order))
    return Judge(columns, len(import_.dialect["columns"]))


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


def numbered(rows: Iterator[Person | Bad]) -> Iterator[Person | Bad]:
    """Rows of a table that we made ourselves go by their number, from 1: from it their own file and row are found."""
    for number, row in zip(count(1), rows, strict=False):
        yield row._replace(line=number)


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
        last, rows = import_applying.lines_of_batch(import_id, after, APPLY_BATCH)
        if rows:
            done = import_applying.apply(work_of(import_), after, last)
            import_.result = added(import_.result, done)
        import_.applied_through, import_.beat_at = last, timezone.now()
        import_.rows_applied += rows
        over = not rows or last >= import_.plan.get("last_line", last + 1)
        if over:
            import_.state, import_.worker, import_.finished_at = ImportState.APPLIED, "", timezone.now()
            import_files.discard(import_)
            audit.record(
                organization=import_.organization,
                verb="contacts.import_applied",
                target=import_,
                data={"file": import_.file_name, "sha256": import_.fingerprint, "done": import_.result},
            )
        import_.save(
            update_fields=["applied_through", "beat_at", "rows_applied", "result", "state", "worker", "finished_at"]
        )
    return not over


def _undo_batch(organization_id: int, import_id: int, worker: str) -> bool:
    """One batch of people in one transaction; False when it was the last."""
    with tenant_scope_id(organization_id):
        import_ = _ours(import_id, worker, ImportState.UNDOING)
        more = import_undo.batch(import_)
        import_.beat_at = timezone.now()
        if not more:
            import_.worker = ""
        import_.save(update_fields=["undo", "undone_through", "undone_at", "beat_at", "state", "worker"])
    return more


def added(result: dict[str, int], done: Counter[str]) -> dict[str, int]:
    """What was done so far and in one more batch. "first" and "last" enclose the contacts that were made."""
    sums = {name: result.get(name, 0) + n for name, n in done.items() if name not in ("first", "last")}
    if done["first"]:
        sums["first"] = min(result.get("first", done["first"]), done["first"])
        sums["last"] = max(result.get("last", 0), done["last"])
    return result | sums


def work_of(import_: Import) -> Work:
    """What an import does to people, as it was matched and approved."""
    plan = import_.plan
    ids = {
        name: tag.pk for name, tag in tags.ensure(import_.organization, [*plan.get("tags", {}), *import_.tags]).items()
    }
    return Work(
        organization_id=import_.organization_id,
        import_id=import_.pk,
        about=import_undo.about(import_),
        actor_id=import_.created_by_id,
        origin=peers.ORIGINS.get(import_.origin, ""),
        joining=_joining(import_),
        tags={name: ids[name] for name in plan.get("tags", {}) if name in ids},
        everybody=sorted({ids[name] for name in import_.tags if name in ids}),
        lists=bool(plan.get("listing")),
    )


def _joining(import_: Import) -> Joining | None:
    consent = import_.consent
    if not consent.get("topics"):
        return None
    wording = bulk.statement(basis=consent["basis"], source=consent["source"], wording=consent["wording"])
    given = datetime.fromisoformat(consent["date"]).replace(tzinfo=UTC)
    return Joining(consent["topics"], wording, given)


def _fail(organization_id: int, import_id: int, worker: str, why: str) -> None:
    with tenant_scope_id(organization_id):
        try:
            import_ = _ours(import_id, worker)
        except turns.Lost:
            return
        if import_.state != ImportState.UNDOING:  # the time in which it may be taken back does not begin anew
            import_.finished_at = timezone.now()
        import_files.discard(import_)
        import_fields.take_away_if_nothing_was_done(import_, None)
        import_.state, import_.worker, import_.problem = ImportState.FAILED, "", why[:1000]
        import_.save(update_fields=["state", "worker", "finished_at", "problem"])
        audit.record(
            organization=import_.organization,
            verb="contacts.import_failed",
            target=import_,
            data={"why": import_.problem, "applied": import_.rows_applied},
        )
