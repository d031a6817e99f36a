"""Doing something to the people who were chosen in the list: what needs saying first, then at once or as a job.

The choice is in the address (ids, or the filter), so that it survives a reload; the deed is a POST to the same address.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from contacts.actions import bulk, job_work, jobs, tags
from contacts.enums import JobKind
from contacts.errors import Refused
from contacts.forms.bulk import DeleteWork, SubscribeWork, SuppressWork, TagWork, UntagWork, Work
from contacts.models import Job, Tag
from contacts.queries import filters, selections
from contacts.queries.jobs import takes_an_admin
from contacts.queries.selections import Selection
from contacts.segments.tree import BadDefinition
from contacts.views.jobs import AT_ONCE, wake


@dataclass(frozen=True, slots=True)
class Deed:
    """`title` of the page, `button`, `explains`; `said(form)` begins the job's title; `what(form)` is what the job keeps."""

    kind: JobKind
    title: str
    button: str
    explains: str
    form: type[Work] = Work
    said: Callable[[dict[str, Any]], str] = lambda clean: ""
    what: Callable[[Any, dict[str, Any]], dict[str, Any]] = lambda organization, clean: {}
    need: Role = Role.MARKETER


DEEDS = {
    "subscribe": Deed(
        JobKind.SUBSCRIBE,
        "Add to a topic",
        "Subscribe them",
        "Whoever has left the topic, or never confirmed, stays as they are. So does whoever is on the do-not-send list by a wish of"
        " theirs or of a member.",
        SubscribeWork,
        lambda clean: f"Subscribe to {clean['topic']}",
        lambda organization, clean: {
            "topic": clean["topic"].pk,
            "wording": bulk.statement(basis=clean["basis"], source=clean["source"], wording=clean["wording"]),
            "date": clean["given_on"].isoformat(),
        },
    ),
    "tag": Deed(
        JobKind.TAG,
        "Tag",
        "Put the tag on",
        "",
        TagWork,
        lambda clean: f"Tag “{clean['tag']}”",
        lambda organization, clean: {"tag": tags.ensure(organization, [clean["tag"]])[clean["tag"]].pk},
    ),
    "untag": Deed(
        JobKind.UNTAG,
        "Remove a tag",
        "Take the tag off",
        "",
        UntagWork,
        lambda clean: f"Remove the tag “{clean['tag']}”",
        lambda organization, clean: {"tag": clean["tag"].pk},
    ),
    "suppress": Deed(
        JobKind.SUPPRESS,
        "Do not send",
        "Put on the do-not-send list",
        "Their addresses get no mail from now on, whatever list they are on, until an admin lifts the entry.",
        SuppressWork,
        lambda clean: "Do not send",
        lambda organization, clean: {"reason": clean["reason"], "evidence": clean["evidence"]},
    ),
    "archive": Deed(
        JobKind.ARCHIVE, "Archive", "Archive", "They are out of lists, segments and sends. Nothing is lost.",
        said=lambda clean: "Archive",
    ),
    "restore": Deed(
        JobKind.RESTORE, "Bring back", "Bring back",
        "They are in lists, segments and sends again, with topics and do-not-send entries as they were.",
        said=lambda clean: "Bring back",
    ),
    "delete": Deed(
        JobKind.DELETE,
        "Delete",
        "Delete",
        "Whoever was never mailed is removed for good: this cannot be taken back. Whoever has mail is archived instead, because"
        " what became of each message stays. To be forgotten is another thing: use Erase on the person's page.",
        DeleteWork,
        lambda clean: "Delete",
        need=Role.ADMIN,
    ),
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    deed = DEEDS.get(request.GET.get("do", ""))
    if deed is None:
        return redirect(_list_url(request))
    require(request, deed.need)
    try:
        chosen = selections.read(request.organization, request.GET)
    except BadDefinition as bad:
        messages.error(request, f"The segment cannot be understood any more: {bad.why}")
        return redirect(_list_url(request))
    if chosen.is_empty:
        messages.info(request, "Nobody was chosen. Tick some people, or choose everybody who fits.")
        return redirect(_list_url(request))
    form = deed.form(
        request.POST if request.method == "POST" else None, organization=request.organization, count=chosen.count
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _do(request, deed, chosen, form)
        except Refused as refused:
            form.add_error(None, str(refused))
    context = {
        "deed": deed,
        "chosen": chosen,
        "form": form,
        "tags": Tag.objects.filter(organization=request.organization).order_by("name") if deed.form is TagWork else (),
        "back": _list_url(request),
    }
    return render(request, "contacts/people/bulk.html", context, status=422 if form.errors else 200)


def _do(request: HttpRequest, deed: Deed, chosen: Selection, form: Work) -> HttpResponse:
    job = jobs.start(
        organization=request.organization,
        kind=deed.kind,
        title=f"{deed.said(form.cleaned_data)}: {chosen.words}",
        people=chosen.people,
        what=deed.what(request.organization, form.cleaned_data),
        actor=request.user,
    )
    if "ids" not in chosen.people or len(chosen.people["ids"]) > AT_ONCE:
        wake(job)
        return redirect(tenant_url(request, "contacts:job", job=job.public_id))
    job = job_work.at_once(job=job)
    _say(request, job)
    return redirect(_list_url(request))


def _say(request: HttpRequest, job: Job) -> None:
    undo = ""
    if jobs.may_undo(job) and (not takes_an_admin(job) or may(request, Role.ADMIN)):
        undo = f"undo:{tenant_url(request, 'contacts:job_undo', job=job.public_id)}"
    if not job.changed:
        why = f" {job.problems[0]['why']}" if job.problems else " It was so already."
        messages.info(request, f"{job.title}: nothing changed.{why}")
        return
    rest = job.done - job.changed
    said = f"{job.title}."
    if job.kind == JobKind.DELETE:
        said += f" {job.what.get('deleted', 0)} deleted, {job.what.get('archived', 0)} archived because they had mail."
    elif rest:
        said += f" {job.changed} changed; for {rest} nothing changed{_spared(job)}."
    messages.success(request, said, extra_tags=undo)


def _spared(job: Job) -> str:
    """Whom adding to a topic left as they are, and why; "" for other work."""
    reasons = (("left", "had left or never confirmed"), ("listed", "on the do-not-send list"))
    said = [f"{n} {words}" for name, words in reasons if (n := job.what.get(name, 0))]
    return f" ({', '.join(said)})" if said else ""


def _list_url(request: HttpRequest) -> str:
    kept = {**filters.query_of(request.GET), **({"sort": request.GET["sort"]} if request.GET.get("sort") else {})}
    return tenant_url(request, "contacts:people") + (f"?{urlencode(kept)}" if kept else "")
