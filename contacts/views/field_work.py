"""What rewrites a field's values: choices, another kind, merging. First a check that is looked at, then the work."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from contacts.access import field_for
from contacts.actions import field_work as verbs
from contacts.actions import jobs
from contacts.actions.field_work import Target
from contacts.actions.fields import LISTED
from contacts.enums import FieldKind, JobKind, JobState
from contacts.errors import Refused
from contacts.forms.fields import ChoicesForm, ConvertForm, MergeForm
from contacts.models import Field, Job
from contacts.queries import fields
from contacts.views.fields import page, to_field
from contacts.views.jobs import wake


@require_POST
def choices(request: HttpRequest, org: str, field: str) -> HttpResponse:
    found = field_for(request, field, Role.MARKETER)
    form = ChoicesForm(request.POST, field=found)
    if form.is_valid():
        try:
            job = verbs.set_choices(
                field=found,
                renamed=form.renamed,
                removed=form.removed,
                added=form.cleaned_data["added"],
                actor=request.user,
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if job is not None and job.state == JobState.WAITING:
                wake(job)
                return _to_job(request, found, job)
            people = f" Changed for {job.changed:,} people." if job is not None and job.changed else ""
            messages.success(request, f"Saved.{people}")
            return to_field(request, found)
    return page(request, found, choices=form, status=422)


@require_POST
def convert(request: HttpRequest, org: str, field: str) -> HttpResponse:
    """Start the check of a conversion."""
    found = field_for(request, field, Role.MARKETER)
    form = ConvertForm(request.POST, field=found)
    if form.is_valid():
        facts = form.cleaned_data
        chosen = facts["choices"]
        try:
            if facts["kind"] in LISTED and not chosen and found.kind not in LISTED:
                chosen = verbs.choices_there_are(field=found, kind=facts["kind"])
            target = Target(facts["kind"], tuple(chosen), facts["date_order"])
            job = verbs.check_conversion(field=found, target=target, actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            wake(job)
            return _to_job(request, found, job)
    return page(request, found, convert=form, status=422)


@require_POST
def merge(request: HttpRequest, org: str, field: str) -> HttpResponse:
    """Start the check of a merge."""
    found = field_for(request, field, Role.MARKETER)
    others = [one for one in fields.rows(request.organization) if verbs.mergeable(found, one)]
    form = MergeForm(request.POST, field=found, others=others)
    if form.is_valid():
        other = field_for(request, form.cleaned_data["other"], Role.MARKETER)
        try:
            job = verbs.check_merge(field=found, other=other, wins=form.cleaned_data["wins"], actor=request.user)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            wake(job)
            return _to_job(request, found, job)
    return page(request, found, merge=form, status=422)


@require_safe
def show(request: HttpRequest, org: str, field: str, job: str) -> HttpResponse:
    """How far it is; of a check, what would become of whom."""
    found = field_for(request, field)
    work = _job(found, job)
    template = "contacts/fields/_work.html" if request.headers.get("HX-Request") else "contacts/fields/work.html"
    return render(request, template, _facts(found, work))


@require_POST
def decide(request: HttpRequest, org: str, field: str, job: str) -> HttpResponse:
    """Do what was checked."""
    found = field_for(request, field, Role.MARKETER)
    check = _job(found, job)

    def start() -> Job:
        if check.kind == JobKind.MERGE_FIELDS:
            return verbs.merge(check=check, actor=request.user)
        return verbs.convert(check=check, lost=request.POST.get("lost", ""), actor=request.user)

    return _start(request, found, check, start)


@require_POST
def go_on(request: HttpRequest, org: str, field: str, job: str) -> HttpResponse:
    found = field_for(request, field, Role.MARKETER)
    work = _job(found, job)
    return _start(request, found, work, lambda: verbs.go_on(job=work, actor=request.user))


@require_POST
def cancel(request: HttpRequest, org: str, field: str, job: str) -> HttpResponse:
    found = field_for(request, field, Role.MARKETER)
    jobs.cancel(job=_job(found, job), actor=request.user)
    return to_field(request, found)


def _start(request: HttpRequest, field: Field, shown: Job, start: Callable[[], Job]) -> HttpResponse:
    try:
        job = start()
    except Refused as refused:
        messages.error(request, str(refused))
        return _to_job(request, field, shown)
    wake(job)
    return _to_job(request, field, job)


def _job(field: Field, public_id: str) -> Job:
    job = Job.objects.filter(
        organization=field.organization, public_id=public_id, kind__in=fields.WORK, what__key=field.key
    ).first()
    if job is None:
        raise Http404
    return job


def _facts(field: Field, job: Job) -> dict[str, object]:
    what = job.what
    counts = what.get("counts", {})
    known = {one.key: one.label for one in fields.known(field.organization, archived=True)}
    return {
        "field": field,
        "job": job,
        "is_check": what.get("step") == fields.CHECK,
        "is_choices": what.get("step") == "choices",
        "is_merge": job.kind == JobKind.MERGE_FIELDS,
        "counts": counts,
        "examples": what.get("examples", []),
        "kind": FieldKind(what["to"]).label if what.get("to") else "",
        "target_choices": what.get("choices", []),
        "other": known.get(what.get("other", ""), ""),
        "other_wins": what.get("wins") == "other",
        "beside": known.get(what.get("beside", ""), ""),
        "dropped": what.get("lost") == "drop",
        "good": counts.get("fit", 0) + counts.get("converted", 0),
        "is_over": job.state not in (JobState.WAITING, JobState.WORKING),
        "is_stopped": job.state in (JobState.CANCELLED, JobState.FAILED),
    }


def _to_job(request: HttpRequest, field: Field, job: Job) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:field_work", field=field.key, job=job.public_id))
