"""Recipients' pages: unsubscribe, "I never signed up", and taking back whatever was done. Nothing is done by GET."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from contacts.actions import disputes, preferences
from contacts.enums import Cap, ConsentSource
from contacts.models import Topic
from contacts.queries import recipients
from contacts.queries.recipients import Recipient
from contacts.views.recipient_pages import (
    UNREADABLE,
    is_ours,
    language_of,
    page,
    show,
    sign,
    statement,
    undo_of,
)
from contacts.views.recipient_preferences import pauses

ONE_CLICK = ("list-unsubscribe", "one-click")  # RFC 8058, 3.1, compared without regard to case
ONE_CLICK_WORDING = "List-Unsubscribe=One-Click (RFC 8058)"
MAX_BARE_BODY = 1_000
EVERYTHING = "everything"


@page("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, person: Recipient) -> HttpResponse:
    """GET shows what stops and changes nothing; a one-click POST (RFC 8058) stops it and says so in one line."""
    if request.method == "POST" and _is_one_click(request):
        if person.contact is not None:
            said = statement(request, person, ConsentSource.ONE_CLICK, ONE_CLICK_WORDING)
            preferences.leave(contact=person.contact, topic=person.topic, statement=said)
        return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
    return _ask(request, person)


@page("POST")
def leave(request: HttpRequest, person: Recipient) -> HttpResponse:
    """The page's own buttons: leave the topic of the mail, or everything."""
    if not is_ours(request, person):
        return _ask(request, person, again=True)
    topic = person.topic if request.POST.get("what") != EVERYTHING else None
    if person.contact is not None:
        said = statement(request, person, ConsentSource.PAGE, _wording_of_leaving(person, topic))
        preferences.leave(contact=person.contact, topic=topic, statement=said)
    undo = topic.public_id if topic is not None else EVERYTHING
    return show(request, person, "left", left_topic=topic, undo=lambda: sign(person, undo))


@page("POST")
def never(request: HttpRequest, person: Recipient) -> HttpResponse:
    """I never signed up: everything stops, and whoever brought the address in is told."""
    if not is_ours(request, person):
        return _ask(request, person, again=True)
    if person.contact is not None:
        said = statement(request, person, ConsentSource.PAGE, _("I never signed up for this"))
        disputes.never_signed_up(contact=person.contact, statement=said)
    return show(request, person, "never", undo=lambda: sign(person, "never"))


@page("POST")
def undo(request: HttpRequest, person: Recipient) -> HttpResponse:
    """Take back what a page did: what that was is in its signed field."""
    kind, _sep, before = undo_of(request, person).partition("|")
    if not kind or person.contact is None:
        return _ask(request, person, again=not kind)
    if kind in ("topics", "rhythm", "language"):
        _put_back(request, person, kind, before)
        person = recipients.again(person)
        with translation.override(language_of(request, person)):
            return show(request, person, "preferences", pauses=pauses(person), taken_back=True)
    if kind == "never":
        said = statement(request, person, ConsentSource.PAGE, _("Undo: I did sign up"))
        disputes.took_back(contact=person.contact, statement=said)
        return show(request, person, "back", back_topic=None)
    topic = None if kind == EVERYTHING else Topic.objects.filter(public_id=kind).first()
    if topic is None and kind != EVERYTHING:
        return _ask(request, person, again=True)
    name = topic.name if topic is not None else _("all mail from %(brand)s") % {"brand": person.brand.name}
    said = statement(request, person, ConsentSource.PAGE, _("Undo: keep sending me %(what)s") % {"what": name})
    preferences.come_back(contact=person.contact, topic=topic, statement=said)
    return show(request, person, "back", back_topic=topic)


def _put_back(request: HttpRequest, person: Recipient, kind: str, before: str) -> None:
    """Topics, pause and cap, or the language, as they were."""
    assert person.contact is not None  # the caller asked
    if kind == "rhythm":
        until, _sep, cap = before.partition("|")
        preferences.put_back(
            contact=person.contact,
            paused_until=datetime.fromisoformat(until) if until else None,
            cap=cap if cap in Cap.values else "",
        )
    elif kind == "language":
        chosen, _sep, known = before.partition("|")
        preferences.set_language(contact=person.contact, language=chosen, locale=known)
    elif before == EVERYTHING:  # they had left everything
        said = statement(request, person, ConsentSource.PAGE, _wording_of_leaving(person, None))
        preferences.leave(contact=person.contact, topic=None, statement=said)
    else:
        wanted = {public_id for public_id in before.split(",") if public_id}
        names = ", ".join(c.topic.name for c in person.choices if c.topic.public_id in wanted) or "-"
        wording = _("Undo: send me mail about: %(topics)s") % {"topics": names}
        said = statement(request, person, ConsentSource.PAGE, wording)
        preferences.choose(recipient=person, wanted=wanted, statement=said)


def _ask(request: HttpRequest, person: Recipient, *, again: bool = False) -> HttpResponse:
    return show(
        request,
        person,
        "unsubscribe",
        again=again,
        pauses=pauses(person),
        undo_topic=lambda: sign(person, person.topic.public_id if person.topic else EVERYTHING),
        undo_everything=lambda: sign(person, "never" if person.disputed else EVERYTHING),
    )


def _is_one_click(request: HttpRequest) -> bool:
    """Whether the body is `List-Unsubscribe=One-Click`, in either encoding of RFC 8058; a bare body without type counts."""
    try:
        pairs = [(name, value) for name, values in request.POST.lists() for value in values]
        if not pairs and request.content_type != "multipart/form-data" and len(request.body) <= MAX_BARE_BODY:
            name, _sep, value = request.body.decode("ascii", "replace").partition("=")
            pairs = [(name, value)]
    except UNREADABLE:
        return False  # a body that cannot be read asks for nothing: the page is shown
    return any((name.strip().lower(), value.strip().lower()) == ONE_CLICK for name, value in pairs)


def _wording_of_leaving(person: Recipient, topic: Topic | None) -> str:
    if topic is None:
        return _("Stop all mail from %(brand)s") % {"brand": person.brand.name}
    return _("Unsubscribe from “%(topic)s”") % {"topic": topic.name}
