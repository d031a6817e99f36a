"""Bulk work as rows: ordering it, cancelling it, taking it back. The work itself is in `job_work`, which has the table of
kinds and their handlers.

Whom it is about is fixed as far as it can be when it is ordered: people who come later are not in it (`until`).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actions import audit
from accounts.models import Organization, User
from contacts.enums import JobKind, JobState
from contacts.errors import NotThisWay
from contacts.models import Contact, Job, JobBatch
from contacts.queries.jobs import WORKING

MOST_IDS = 1_000  # named one by one; more are named by a filter
UNDOABLE = (JobKind.SUBSCRIBE, JobKind.TAG, JobKind.UNTAG, JobKind.SUPPRESS, JobKind.ARCHIVE, JobKind.RESTORE)
KEEP_BATCHES = timedelta(days=30)


@transaction.atomic
def start(
    *,
    organization: Organization,
    kind: JobKind,
    title: str,
    people: Mapping[str, Any],
    what: Mapping[str, Any],
    actor: User | None,
) -> Job:
    """Order work. `people` and `what` as Job describes them. Wake tasks.run_job after the commit. Raises NotThisWay."""
    ids = people.get("ids")
    if ids is not None and not 1 <= len(ids) <= MOST_IDS:
        raise NotThisWay(f"Choose between 1 and {MOST_IDS:,} people, or everybody who fits a filter.")
    if "job" in people:
        until = JobBatch.objects.filter(job_id=people["job"]).aggregate(last=Max("pk"))["last"]
    else:
        until = Contact.objects.filter(organization=organization).order_by("-pk").values_list("pk", flat=True).first()
    job = Job.objects.create(
        organization=organization,
        kind=kind,
        title=title[:200],
        people=dict(people),
        what=dict(what),
        until=until or 0,
        created_by=actor,
    )
    audit.record(
        organization=organization,
        actor=actor,
        verb="contacts.job_started",
        target=job,
        data={"work": str(kind), **({"people": len(ids)} if ids else {})},
    )
    return job


@transaction.atomic
def cancel(*, job: Job, actor: User | None) -> bool:
    """Stop at the end of the batch that is being done; what was done stays. False if it was over."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state not in WORKING:
        return False
    job.state, job.worker, job.finished_at = JobState.CANCELLED, "", timezone.now()
    job.save(update_fields=["state", "worker", "finished_at"])
    audit.record(
        organization=job.organization,
        actor=actor,
        verb="contacts.job_cancelled",
        target=job,
        data={"done": job.done, "changed": job.changed},
    )
    return True


def may_undo(job: Job) -> bool:
    """Whether what it changed can still be taken back."""
    over = job.state not in WORKING
    recent = job.finished_at is not None and job.finished_at > timezone.now() - KEEP_BATCHES
    return over and recent and job.kind in UNDOABLE and job.changed > 0 and "undone_by" not in job.what


@transaction.atomic
def undo(*, job: Job, actor: User | None) -> Job:
    """Order that what a job changed be taken back, for exactly the people whom it changed. Raises NotThisWay."""
    job = Job.objects.select_for_update().get(pk=job.pk)
    if not may_undo(job):
        raise NotThisWay(
            "This cannot be taken back: nothing was changed, it was taken back before, or it is too long ago."
        )
    back = start(
        organization=job.organization,
        kind=JobKind.UNDO,
        title=f"Take back: {job.title}",
        people={"job": job.pk},
        what={"job": job.pk},
        actor=actor,
    )
    job.what = {**job.what, "undone_by": back.public_id}
    job.save(update_fields=["what"])
    return back
