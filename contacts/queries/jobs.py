"""Bulk jobs as pages show them: what runs, how far it is, what was done lately."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization
from contacts.enums import JobKind, JobState
from contacts.models import Contact, Job
from contacts.queries.imports import Progress, pace

HISTORY = 100
LATELY = timedelta(minutes=10)
WORKING = (JobState.WAITING, JobState.WORKING)


def in_motion(organization: Organization) -> list[Job]:
    """Jobs that wait or run, and those that failed a moment ago, for the jobs bell; each has `.progress`."""
    rows = list(
        Job.objects.filter(organization=organization)
        .filter(
            Q(state__in=WORKING)
            | Q(state=JobState.FAILED, finished_at__gt=timezone.now() - LATELY)
            | Q(state=JobState.DONE, finished_at__gt=timezone.now() - LATELY, total__gt=1_000)
        )
        .order_by("-pk")[:10]
    )
    for row in rows:
        row.progress = progress(row)  # type: ignore[attr-defined]
    return rows


def history(organization: Organization) -> list[Job]:
    """What was done to many people, newest first."""
    # Looking a field's values over before they are converted is a question, not work.
    rows = Job.objects.filter(Q(what__step__isnull=True) | ~Q(what__step="check"), organization=organization)
    return list(rows.select_related("created_by").order_by("-pk")[:HISTORY])


def progress(job: Job) -> Progress:
    """How far a job is."""
    return pace(job.done, job.total, job.started_at)


def problems(job: Job) -> list[tuple[Contact | None, str]]:
    """The first few whom it could not be done for, and why."""
    people = Contact.objects.in_bulk([one["id"] for one in job.problems if "id" in one])
    return [(people.get(one.get("id")), str(one.get("why", ""))) for one in job.problems]


def takes_an_admin(job: Job) -> bool:
    """Lifting do-not-send entries is for admins, also when a job made them."""
    return job.kind == JobKind.SUPPRESS
