"""The preference centre: topics, a pause, less often, the language. What is saved says so and can be taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from contacts.actions import preferences
from contacts.enums import Cap, ConsentSource
from contacts.queries import recipients
from contacts.queries.recipients import Recipient
from contacts.views.recipient_pages import is_ours, language_of, page, show, sign, statement

MAX_TOPICS = 1_000
PAUSES = (30, 60, 90)  # days


@dataclass(frozen=True, slots=True)
class Pause:
    """One that is offered. `until`: the day on which mail may come again, where the organization is."""

    days: int
    until: date


def pauses(person: Recipient) -> tuple[Pause, ...]:
    """The pauses to choose from, each with its day said."""
    now = timezone.now().astimezone(ZoneInfo(person.organization.time_zone))
    return tuple(Pause(days, (now + timedelta(days=days)).date()) for days in PAUSES)


@page("GET", "HEAD", "POST")
def choose(request: HttpRequest, person: Recipient) -> HttpResponse:
    """The page itself; a POST saves the topics."""
    if request.method != "POST":
        return _show(request, person)
    if not is_ours(request, person):
        return _show(request, person, again=True)
    if person.contact is None:
        return _show(request, person)
    wanted = set(request.POST.getlist("topic")[:MAX_TOPICS])
    before = "everything" if person.left_all else ",".join(c.topic.public_id for c in person.choices if c.subscribed)
    shown = ", ".join(c.topic.name for c in person.choices if c.topic.public_id in wanted) or "-"
    wording = _("Send me mail about: %(topics)s") % {"topics": shown}
    changed = preferences.choose(
        recipient=person, wanted=wanted, statement=statement(request, person, ConsentSource.PAGE, wording)
    )
    return _saved(request, person, f"topics|{before}" if changed else "")


@page("POST")
def rhythm(request: HttpRequest, person: Recipient) -> HttpResponse:
    """Pause (`pause` in days, 0 ends it) or less often (`cap`, "" ends it)."""
    if not is_ours(request, person):
        return _show(request, person, again=True)
    if person.contact is None:
        return _show(request, person)
    until = person.paused_until.isoformat() if person.paused_until else ""
    before = f"rhythm|{until}|{person.cap}"
    days = {"0": 0, **{str(days): days for days in PAUSES}}.get(request.POST.get("pause", ""))
    cap = request.POST.get("cap")
    if days is not None:
        preferences.pause(contact=person.contact, days=days)
    elif cap is not None and cap in {"", *Cap.values}:
        preferences.set_cap(contact=person.contact, cap=cap)
    else:
        return _show(request, person)
    return _saved(request, person, before)


@page("POST")
def speak(request: HttpRequest, person: Recipient) -> HttpResponse:
    """The language of these pages and of mails that answer them; "" is the browser's."""
    if not is_ours(request, person):
        return _show(request, person, again=True)
    language = request.POST.get("language", "")
    if person.contact is None or (language and language not in dict(settings.LANGUAGES)):
        return _show(request, person)
    preferences.set_language(contact=person.contact, language=language)
    return _saved(request, person, f"language|{person.language}|{person.contact.locale}")


def _saved(request: HttpRequest, person: Recipient, before: str) -> HttpResponse:
    """The page as it stands now, in the language that may just have been chosen."""
    person = recipients.again(person)
    with translation.override(language_of(request, person)):
        return _show(request, person, saved=True, undo=(lambda: sign(person, before)) if before else "")


def _show(
    request: HttpRequest,
    person: Recipient,
    *,
    again: bool = False,
    saved: bool = False,
    undo: Callable[[], str] | str = "",
) -> HttpResponse:
    return show(request, person, "preferences", again=again, saved=saved, undo=undo, pauses=pauses(person))
