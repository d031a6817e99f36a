"""Doing bulk work, batch by batch. Any worker may go on where another died.

Policy: work is a series of transactions, each in a tenant's scope of its own. Each first locks the job's row and sees
that it is still ours (turns) and still wanted; each ends by writing how far it came. So a killed worker loses one batch and
doubles nothing, a second worker on the same job steps back, and a cancel takes effect at the next batch.

A filter is asked anew for each stretch of people, in the order of their ids. So a batch costs the same however rare
those are whom it finds, and a job that changes what it looks for (untag whoever has the tag) misses nobody.

A new kind of work is a handler and a line in HANDLERS.
"""

import logging
from collections.abc import Callable, Sequence

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.actions import audit
from accounts.tenancy import cross_tenant, tenant_scope_id
from contacts.actions import bulk, field_batches, jobs, tags, turns
from contacts.enums import JobKind, JobState
from contacts.errors import NotThisWay
from contacts.models import Contact, Job, JobBatch
from contacts.queries import filters, people
from contacts.queries.jobs import WORKING
from contacts.segments.sql import Sql
from contacts.segments.tree import BadDefinition

log = logging.getLogger(__name__)

BATCH = 5_000  # people that are looked at in one transaction
MOST_PROBLEMS = 20

# Does the work for one batch of people, inside of its transaction. Gives the ids of those for whom something changed (kept,
# so that it can be undone), or only how many there were. May append to `job.problems`. Raises NotThisWay to give up.
Handler = Callable[[Job, Sequence[int]], int | Sequence[int]]

HANDLERS: dict[JobKind, Handler] = {
    JobKind.TAG: tags.batch_on,
    JobKind.UNTAG: tags.batch_off,
    JobKind.CONVERT_FIELD: field_batches.convert_batch,
    JobKind.MERGE_FIELDS: field_batches.merge_batch,
    JobKind.SUBSCRIBE: bulk.subscribe,
    JobKind.SUPPRESS: bulk.suppress,
    JobKind.ARCHIVE: bulk.archive,
    JobKind.RESTORE: bulk.restore,
    JobKind.DELETE: bulk.delete,
    JobKind.UNDO: bulk.undo,
}


def run(*, organization_id: int, job_id: int) -> bool:
    """Take a job up and work until it is over. False if there was nothing to take up."""
    worker = turns.new_name()
    with tenant_scope_id(organization_id):
        job = _take_up(job_id, worker)
    if job is None:
        return False
    try:
        if job.total is None:
            _count(organization_id, job_id, worker)
        while _one_batch(organization_id, job_id, worker):
            pass
    except turns.Lost:
        pass
    except (InterfaceError, OperationalError):
        raise  # the database was away, or two jobs met: a sweep takes the job up again
    except BadDefinition as bad:
        _fail(organization_id, job_id, worker, f"The segment cannot be understood any more: {bad.why}")
    except NotThisWay as refused:
        _fail(organization_id, job_id, worker, str(refused))
    except Exception:
        # Tried again it would fail again, for ever. What was done stays and is counted.
        log.exception("Job %d could not go on.", job_id)
        _fail(organization_id, job_id, worker, "An error of ours; the worker's log has it. Nothing more was changed.")
    return True


@transaction.atomic
def at_once(*, job: Job) -> Job:
    """Do a small job now, in the caller's transaction and scope. Raises what its handler raises."""
    job = Job.objects.select_for_update(of=("self",)).select_related("organization", "created_by").get(pk=job.pk)
    job.state, job.started_at = JobState.WORKING, timezone.now()
    job.total = len(job.people["ids"]) if "ids" in job.people else None
    while _step(job):
        pass
    return job


def waiting() -> list[tuple[int, int]]:
    """(organization, job) of all that nobody works on: a wake-up or a worker was lost."""
    with cross_tenant("sweep bulk jobs that lost their worker"):
        rows = Job.objects.filter(turns.free(), state__in=WORKING)
        return list(rows.order_by("pk").values_list("organization_id", "pk"))


def forget_old() -> None:
    """Remove the lists of those whom jobs of long ago were about."""
    with cross_tenant("remove the undo lists of old bulk jobs"):
        old = Job.objects.filter(finished_at__lt=timezone.now() - jobs.KEEP_BATCHES)
        left = JobBatch.objects.filter(job__in=old).order_by("pk").values_list("pk", flat=True)[:500]
        JobBatch.objects.filter(pk__in=list(left)).delete()
        old.exclude(people={}, problems=[]).update(people={}, problems=[])


def _take_up(job_id: int, worker: str) -> Job | None:
    job = turns.take_up(Job.objects.filter(pk=job_id, state__in=WORKING), worker)
    if job is not None:
        job.state, job.started_at = JobState.WORKING, job.started_at or timezone.now()
        job.save(update_fields=["state", "started_at"])
    return job


def _ours(job_id: int, worker: str) -> Job:
    rows = Job.objects.select_related("organization", "created_by").filter(pk=job_id, state=JobState.WORKING)
    return turns.ours(rows, worker)


def _count(organization_id: int, job_id: int, worker: str) -> None:
    with tenant_scope_id(organization_id):
        job = _ours(job_id, worker)
        job.total, job.beat_at = _total(job), timezone.now()
        job.save(update_fields=["total", "beat_at"])


def _total(job: Job) -> int:
    if "ids" in job.people:
        return len(job.people["ids"])
    if "job" in job.people:
        return sum(len(batch.ids) for batch in JobBatch.objects.filter(job_id=job.people["job"]).iterator(20))
    fits = _fits(job)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM contacts_contact c WHERE c.id <= %s AND {fits.text}", [job.until, *fits.params]
        )
        return int(cursor.fetchone()[0])


def _one_batch(organization_id: int, job_id: int, worker: str) -> bool:
    """One batch in one transaction; False when it was the last."""
    with tenant_scope_id(organization_id):
        return _step(_ours(job_id, worker))


def _step(job: Job) -> bool:
    ids, after, more = _next(job)
    if ids:
        changed = HANDLERS[JobKind(job.kind)](job, ids)
        if isinstance(changed, int):
            job.changed += changed
        elif changed:
            job.changed += len(changed)
            JobBatch.objects.create(organization_id=job.organization_id, job=job, ids=list(changed))
    job.done += len(ids)
    job.after, job.beat_at, job.problems = after, timezone.now(), job.problems[:MOST_PROBLEMS]
    if not more:
        job.state, job.worker, job.finished_at = JobState.DONE, "", timezone.now()
        job.total = job.done  # some may have come to fit, or no longer fit, while we were at it
        audit.record(
            organization=job.organization,
            actor=job.created_by,
            verb="contacts.job_done",
            target=job,
            data={"work": job.kind, "people": job.done, "changed": job.changed},
        )
    job.save()
    return more


def _next(job: Job) -> tuple[list[int], int, bool]:
    """Whom the next batch is about, the place after it, and whether there may be more."""
    if "ids" in job.people:
        named = sorted({int(one) for one in job.people["ids"] if int(one) > job.after})
        batch = named[:BATCH]
        there = Contact.objects.filter(organization_id=job.organization_id, pk__in=batch, erased_at=None)
        ids = list(there.order_by("pk").values_list("pk", flat=True))
        return ids, batch[-1] if batch else job.after, len(named) > len(batch)
    if "job" in job.people:
        row = (
            JobBatch.objects.filter(job_id=job.people["job"], pk__gt=job.after, pk__lte=job.until)
            .order_by("pk")
            .first()
        )
        return (list(row.ids), row.pk, row.pk < (job.until or 0)) if row is not None else ([], job.after, False)
    return people.stretch(job.organization, _fits(job), after=job.after, until=job.until or 0, size=BATCH)


def _fits(job: Job) -> Sql:
    if "filter" not in job.people:
        return filters.everybody(job.organization)
    wanted = filters.read(job.organization, job.people["filter"])
    if wanted.lost:
        raise NotThisWay(f"What people were chosen by is not there any more: {wanted.lost}.")
    return filters.condition(job.organization, wanted)


def _fail(organization_id: int, job_id: int, worker: str, why: str) -> None:
    with tenant_scope_id(organization_id):
        try:
            job = _ours(job_id, worker)
        except turns.Lost:
            return
        job.state, job.worker, job.finished_at, job.problem = JobState.FAILED, "", timezone.now(), why[:1000]
        job.save(update_fields=["state", "worker", "finished_at", "problem"])
        audit.record(
            organization=job.organization,
            actor=job.created_by,
            verb="contacts.job_failed",
            target=job,
            data={"why": job.problem, "changed": job.changed},
        )
