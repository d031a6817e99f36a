"""The audience's part of the jobs bell, and the pages of bulk work: progress, cancel, take back."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import may, tenant_url
from accounts.enums import Role
from contacts import tasks
from contacts.access import job_for
from contacts.actions import job_work
from contacts.actions import jobs as verbs
from contacts.enums import JobState
from contacts.errors import NotThisWay
from contacts.models import Job
from contacts.queries import imports, jobs

STOP_POLLING = 286  # what htmx takes for "that was the last"
AT_ONCE = 100  # people


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    """What is going on, as rows of the jobs bell."""
    context = {"rows": imports.working(request.organization), "jobs": jobs.in_motion(request.organization)}
    return render(request, "contacts/jobs/list.html", context)


@require_safe
def history(request: HttpRequest, org: str) -> HttpResponse:
    return render(request, "contacts/jobs/history.html", {"rows": jobs.history(request.organization)})


@require_safe
def show(request: HttpRequest, org: str, job: str) -> HttpResponse:
    found = job_for(request, job)
    need = Role.ADMIN if jobs.takes_an_admin(found) else Role.MARKETER
    context = {
        **_facts(found),
        "problems": jobs.problems(found),
        "may_undo": verbs.may_undo(found) and may(request, need),
        "back": Job.objects.filter(public_id=found.what["undone_by"]).first() if "undone_by" in found.what else None,
    }
    return render(request, "contacts/jobs/show.html", context)


@require_safe
def progress(request: HttpRequest, org: str, job: str) -> HttpResponse:
    """The live part of the page; once the job is over, the page itself comes again."""
    found = job_for(request, job)
    response = render(request, "contacts/jobs/_progress.html", _facts(found))
    if found.state not in jobs.WORKING:
        response.status_code = STOP_POLLING
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: HttpRequest, org: str, job: str) -> HttpResponse:
    found = job_for(request, job, Role.MARKETER)
    if verbs.cancel(job=found, actor=request.user):
        messages.success(request, "Cancelled. What was done until now stays.")
    else:
        messages.info(request, "It was over already.")
    return _to(request, found)


@require_POST
def undo(request: HttpRequest, org: str, job: str) -> HttpResponse:
    found = job_for(request, job)
    job_for(request, job, Role.ADMIN if jobs.takes_an_admin(found) else Role.MARKETER)
    try:
        back = verbs.undo(job=found, actor=request.user)
    except NotThisWay as refused:
        messages.error(request, str(refused))
        return _to(request, found)
    if found.changed <= AT_ONCE:
        back = job_work.at_once(job=back)
        messages.success(request, f"Taken back: {found.title}.")
        return redirect(tenant_url(request, "contacts:people"))
    wake(back)
    return _to(request, back)


def wake(job: Job) -> None:
    """Nobody, where it was done at once. Robust: when the broker is away, the sweep will find the job."""
    if job.state == JobState.WAITING:
        transaction.on_commit(lambda: tasks.run_job.delay(job.organization_id, job.pk), robust=True)


def _facts(job: Job) -> dict[str, object]:
    return {"job": job, "progress": jobs.progress(job), "is_working": job.state in jobs.WORKING}


def _to(request: HttpRequest, job: Job) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:job", job=job.public_id))
