"""One person: everything that we know, every mail and what became of it, and what can be done about them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import tenant_url
from accounts.actions import audit
from accounts.enums import Role
from contacts import ports
from contacts.access import contact_for, tag_for
from contacts.actions import erasure, subscriptions, suppressions, tags
from contacts.actions import people as verbs
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SuppressionReason
from contacts.errors import Refused
from contacts.forms.people import ConsentForm, PersonForm, SuppressForm
from contacts.models import Contact, Preference
from contacts.queries import fields, person, personal_data, preferences, timelines
from contacts.queries.tags import choices as tag_choices
from contacts.queries.tags import of as tags_of
from contacts.values import shown
from contacts.views.people import cursor
from contacts.views.personal_data import as_file


@require_safe
def show(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact)
    return _show(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    form = PersonForm(
        request.POST or None,
        fields=fields.known(request.organization),
        kept=found.values,
        initial={"locale": found.locale},
    )
    if request.method == "POST" and form.is_valid():
        verbs.correct(contact=found, values=form.typed(), locale=form.cleaned_data["locale"], actor=request.user)
        messages.success(request, "Saved.")
        return _to(request, found)
    return render(request, "contacts/people/edit.html", {"form": form, "contact": found})


@require_POST
def archive(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    verbs.archive(contact=found, actor=request.user)
    undo = tenant_url(request, "contacts:person_restore", contact=found.pk)
    messages.success(request, f"{found.name} is archived and gets no campaigns.", extra_tags=f"undo:{undo}")
    return _to(request, found)


@require_POST
def restore(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    verbs.restore(contact=found, actor=request.user)
    messages.success(request, f"{found.name} is back.")
    return _to(request, found)


@require_POST
def subscribe(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    form = ConsentForm(request.POST, organization=request.organization)
    if not form.is_valid() or form.cleaned_data["topic"] is None:
        return _show(request, found, consent=form, status=422)
    topic, why = form.cleaned_data["topic"], form.cleaned_data["why"]
    if request.role < Role.ADMIN and subscriptions.said_no_or_nothing(contact=found, topic=topic):
        messages.error(
            request, f"They left {topic} or everything, or never confirmed. Only they can change that, or an admin."
        )
        return _to(request, found)
    done = subscriptions.subscribe(
        contact=found, topic=topic, statement=Statement(ConsentSource.MANUAL, why, actor=request.user)
    )
    messages.success(request, f"Subscribed to {topic}." if done else f"They were subscribed to {topic} already.")
    return _to(request, found)


@require_POST
def unsubscribe(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    form = ConsentForm(request.POST, organization=request.organization)
    if not form.is_valid():
        return _show(request, found, consent=form, status=422)
    topic = form.cleaned_data["topic"]
    statement = Statement(ConsentSource.MANUAL, form.cleaned_data["why"], actor=request.user)
    if topic is None:
        subscriptions.unsubscribe_all(contact=found, statement=statement)
        messages.success(request, "Unsubscribed from everything.")
    else:
        subscriptions.unsubscribe(contact=found, topic=topic, statement=statement)
        messages.success(request, f"Unsubscribed from {topic}.")
    return _to(request, found)


@require_POST
def suppress(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    form = SuppressForm(request.POST)
    if not form.is_valid():
        return _show(request, found, suppress=form, status=422)
    suppressions.suppress(
        organization=request.organization,
        address=found.address_key,
        reason=SuppressionReason(form.cleaned_data["reason"]),
        source="member",
        evidence=form.cleaned_data["evidence"],
        actor=request.user,
    )
    messages.success(request, f"{found.address} is on the do-not-send list.")
    return _to(request, found)


@require_POST
def tag(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    name = tags.clean(request.POST.get("name", ""))
    try:
        if name:
            tags.put_on(tag=tags.ensure(request.organization, [name])[name], ids=[found.pk])
    except Refused as refused:
        messages.error(request, str(refused))
    return _tags(request, found)


@require_POST
def untag(request: HttpRequest, org: str, contact: int, tag: int) -> HttpResponse:
    found = contact_for(request, contact, Role.MARKETER)
    tags.take_off(tag=tag_for(request, tag, Role.MARKETER), ids=[found.pk])
    return _tags(request, found)


@require_safe
def timeline(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    """Everything that happened, page by page."""
    found = contact_for(request, contact)
    moments, following = timelines.of(found, before=_moment(request.GET.get("before", "")))
    context = {"contact": found, "moments": moments, "following": following, "is_first": not request.GET.get("before")}
    return render(request, "contacts/people/timeline.html", context)


@require_POST
def data(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    """All that we hold about the person, as JSON: the answer to an access request."""
    found = contact_for(request, contact, Role.MARKETER)
    held = personal_data.held(found)
    audit.record(organization=request.organization, actor=request.user, verb="contacts.person_exported", target=found)
    return as_file(held, f"person-{found.pk}.json")


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, org: str, contact: int) -> HttpResponse:
    """To be forgotten. It cannot be taken back, so the address is typed."""
    found = contact_for(request, contact, Role.ADMIN)
    trouble = ""
    if request.method == "POST":
        if request.POST.get("typed", "").strip() == found.address:
            erasure.erase(contact=found, actor=request.user)
            messages.success(request, "This person is forgotten. The sums of your sends stay as they were.")
            return redirect(tenant_url(request, "contacts:people"))
        trouble = f"Type {found.address}, if you mean it."
    context = {"contact": found, "trouble": trouble}
    return render(request, "contacts/people/erase.html", context, status=422 if trouble else 200)


def _tags(request: HttpRequest, contact: Contact) -> HttpResponse:
    """The tags in place, for htmx; without it the whole page."""
    if request.headers.get("HX-Request") != "true":
        return _to(request, contact)
    context = {"contact": contact, "tags": tags_of(contact), "known_tags": tag_choices(request.organization)}
    return render(request, "contacts/people/_tags.html", context)


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _show(
    request: HttpRequest,
    contact: Contact,
    *,
    consent: ConsentForm | None = None,
    suppress: SuppressForm | None = None,
    status: int = 200,
) -> HttpResponse:
    known = fields.known(request.organization, archived=True)
    listed = person.suppressions_of(contact)
    why = " ".join(request.GET.get("why", "").replace("\x00", "").split())[:100]
    lines, older = ports.history.lines(contact_id=contact.pk, before=cursor(request, "before"))
    moments, earlier = timelines.of(contact, most=8)
    preference = preferences.of(contact)
    context = {
        "contact": contact,
        "origin": person.origin(contact),
        "facts": [
            (field, shown(field, contact.values[field.key]))
            for field in known
            if contact.values.get(field.key) not in (None, "", [])
        ],
        "tags": tags_of(contact),
        "known_tags": tag_choices(request.organization),
        "standings": person.standings(contact),
        "consents": person.consents(contact),
        "preference": preference,
        "paused": _paused(request, preference),
        "now": timezone.now(),
        "standing": [entry for entry in listed if entry.lifted_at is None],
        "lifted": [entry for entry in listed if entry.lifted_at is not None],
        "lines": lines,
        "older": older,
        "is_older": bool(request.GET.get("before")),
        "engagement": ports.history.engagement(contact_id=contact.pk),
        "moments": moments,
        "earlier": earlier,
        "why": why,
        "answers": ports.history.why(contact_id=contact.pk, text=why) if why else [],
        "consent_form": consent or ConsentForm(organization=request.organization),
        "suppress_form": suppress or SuppressForm(),
    }
    return render(request, "contacts/people/show.html", context, status=status)


def _paused(request: HttpRequest, preference: Preference | None) -> str:
    """Until when they get no campaigns, by their own choice; "" for nearly everybody."""
    if preference is None or preference.paused_until is None or preference.paused_until <= timezone.now():
        return ""
    until = preference.paused_until.astimezone(ZoneInfo(request.organization.time_zone or "UTC"))
    return f"Until {until:%-d %B %Y} they get no campaigns. They chose it themselves, and it ends by itself."


def _to(request: HttpRequest, contact: Contact) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:person", contact=contact.pk))
