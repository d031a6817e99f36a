"""People: the list with its search, one person with everything that we know, and what can be done about them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts.access import contact_for
from contacts.actions import people as verbs
from contacts.actions import subscriptions, suppressions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource, SuppressionReason
from contacts.errors import AlreadyThere, BadAddress
from contacts.forms.people import ConsentForm, NewPersonForm, PersonForm, SuppressForm
from contacts.models import Contact, Segment
from contacts.queries import fields, people, topics
from contacts.segments.tree import BadDefinition
from contacts.values import shown

STATES = {
    "": "Everybody",
    "unsubscribed": "Unsubscribed",
    "suppressed": "On the do-not-send list",
    "archived": "Archived",
}
# Pages upstairs that show a person's mail: the first that exists is linked.
MAIL_PAGES = ("campaigns:person_messages", "sending:person_messages")


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    organization = request.organization
    chosen = {
        "topics": topics.choices(organization),
        "segments": list(Segment.objects.filter(organization=organization, archived_at=None).order_by("name")),
    }
    wanted = people.Filter(
        text=request.GET.get("q", "").strip()[:320],
        topic=_picked(chosen["topics"], request.GET.get("topic", "")),
        segment=_picked(chosen["segments"], request.GET.get("segment", "")),
        state=request.GET.get("state", "") if request.GET.get("state", "") in STATES else "",
    )
    try:
        page = people.page(organization, wanted, after=cursor(request, "after"), before=cursor(request, "before"))
        trouble = ""
    except BadDefinition as bad:
        page, trouble = people.Page([]), bad.why
    context = {
        **chosen,
        "page": page,
        "wanted": wanted,
        "trouble": trouble,
        "states": STATES.items(),
        "total": None if wanted.is_on else people.count(organization),
        "count_most": people.COUNT_MOST,
        "search_most": people.SEARCH_MOST,
    }
    return render(request, "contacts/people/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    organization = request.organization
    form = NewPersonForm(request.POST or None, fields=fields.known(organization), topics=topics.choices(organization))
    if request.method == "POST" and form.is_valid():
        try:
            contact = verbs.add(
                organization=organization,
                address=form.cleaned_data["address"],
                values={key: value for key, value in form.typed().items() if value is not None},
                locale=form.cleaned_data["locale"],
                actor=request.user,
            )
        except (AlreadyThere, BadAddress) as refused:
            form.add_error("address", str(refused))
        else:
            for topic in form.cleaned_data.get("topics") or ():
                statement = Statement(ConsentSource.MANUAL, form.cleaned_data["proof"], actor=request.user)
                subscriptions.subscribe(contact=contact, topic=topic, statement=statement)
            messages.success(request, f"{contact.name} is added.")
            return redirect(tenant_url(request, "contacts:person", contact=contact.pk))
    return render(request, "contacts/people/new.html", {"form": form})


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


def _show(
    request: HttpRequest,
    contact: Contact,
    *,
    consent: ConsentForm | None = None,
    suppress: SuppressForm | None = None,
    status: int = 200,
) -> HttpResponse:
    known = fields.known(request.organization, archived=True)
    listed = people.suppressions_of(contact)
    context = {
        "contact": contact,
        "facts": [
            (field, shown(field, contact.values[field.key]))
            for field in known
            if contact.values.get(field.key) not in (None, "")
        ],
        "standings": people.standings(contact),
        "consents": people.consents(contact),
        "standing": [entry for entry in listed if entry.lifted_at is None],
        "lifted": [entry for entry in listed if entry.lifted_at is not None],
        "consent_form": consent or ConsentForm(organization=request.organization),
        "suppress_form": suppress or SuppressForm(),
        "mail_url": _mail_url(request, contact),
    }
    return render(request, "contacts/people/show.html", context, status=status)


def _to(request: HttpRequest, contact: Contact) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:person", contact=contact.pk))


def _mail_url(request: HttpRequest, contact: Contact) -> str:
    for name in MAIL_PAGES:
        try:
            return tenant_url(request, name, contact=contact.pk)
        except NoReverseMatch:
            continue
    return ""


def cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _picked(rows: list[Any], public_id: str) -> Any:
    return next((row for row in rows if row.public_id == public_id), None)
