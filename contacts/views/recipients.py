"""Recipients' pages: unsubscribe, take it back, choose topics. No login, no cookies, no JavaScript, nothing done by GET.

The token in the address is the authority; `form` is a signed field of our own, so that only forms that we made work
(one-click posts, RFC 8058, come without one and are recognised by their body).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.client_address import client_address
from accounts.models import Organization
from accounts.tenancy import tenant_scope_id
from contacts import languages, tokens
from contacts.actions import preferences
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource
from contacts.models import Topic
from contacts.queries import recipients
from contacts.queries.recipients import Recipient

ONE_CLICK = ("list-unsubscribe", "one-click")  # RFC 8058, 3.1, compared without regard to case
ONE_CLICK_WORDING = "List-Unsubscribe=One-Click (RFC 8058)"
MAX_BARE_BODY = 1_000
MAX_TOPICS = 1_000
FORM_SALT = "contacts.recipients.form"
FORM_DAYS = 30
EVERYTHING = "everything"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def _page(*methods: str) -> Callable[..., Any]:
    """A recipient's page: opens the token and the organization's scope, and sets the headers."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, token: str) -> HttpResponse:
            opened = tokens.read(token)
            accept = request.headers.get("Accept-Language", "")
            if opened is not None:
                try:
                    with tenant_scope_id(opened.organization_id) as organization:
                        person = recipients.recipient(organization=organization, token=opened)
                        known = person.contact.locale if person.contact else ""
                        with translation.override(languages.best(accept=accept, known=known)):
                            return _private(view(request, person))
                except Organization.DoesNotExist:
                    pass
            with translation.override(languages.best(accept=accept)):
                return _private(render(request, "contacts/recipients/unknown.html", status=404))

        return csrf_exempt(require_http_methods([*methods])(answer))

    return decorate


@_page("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, person: Recipient) -> HttpResponse:
    """GET shows what stops and changes nothing; a one-click POST (RFC 8058) stops it and says so in one line."""
    if request.method == "POST" and _is_one_click(request):
        if person.contact is not None:
            statement = _statement(request, person, ConsentSource.ONE_CLICK, ONE_CLICK_WORDING)
            preferences.leave(contact=person.contact, topic=person.topic, statement=statement)
        return HttpResponse("Unsubscribed.\n", content_type="text/plain; charset=utf-8")
    return _show(request, person, "unsubscribe")


@_page("POST")
def leave(request: HttpRequest, person: Recipient) -> HttpResponse:
    """The page's own buttons: leave the topic of the mail, or everything."""
    fields = _own_fields(request, person)
    if fields is None:
        return _show(request, person, "unsubscribe", again=True)
    topic = person.topic if fields.get("what") != EVERYTHING else None
    if person.contact is not None:
        wording = _wording_of_leaving(person, topic)
        preferences.leave(
            contact=person.contact, topic=topic, statement=_statement(request, person, ConsentSource.PAGE, wording)
        )
    undo = topic.public_id if topic is not None else EVERYTHING
    return _show(request, person, "left", left_topic=topic, undo=_sign(person, undo))


@_page("POST")
def undo(request: HttpRequest, person: Recipient) -> HttpResponse:
    """Take leaving back: what to take back is in the signed field."""
    signed = _own_fields(request, person, signed="undo")
    if signed is None or person.contact is None:
        return _show(request, person, "unsubscribe", again=signed is None)
    what = signed["undo"]
    topic = None if what == EVERYTHING else Topic.objects.filter(public_id=what).first()
    if topic is None and what != EVERYTHING:
        return _show(request, person, "unsubscribe", again=True)
    name = topic.name if topic is not None else _("all mail from %(brand)s") % {"brand": person.brand.name}
    wording = _("Undo: keep sending me %(what)s") % {"what": name}
    preferences.come_back(
        contact=person.contact, topic=topic, statement=_statement(request, person, ConsentSource.PAGE, wording)
    )
    return _show(request, person, "back", back_topic=topic)


@_page("GET", "HEAD", "POST")
def choose(request: HttpRequest, person: Recipient) -> HttpResponse:
    """The preference page: topics with a checkbox each, and leaving everything."""
    if request.method != "POST":
        return _show(request, person, "preferences")
    fields = _own_fields(request, person)
    if fields is None:
        return _show(request, person, "preferences", again=True)
    if person.contact is not None:
        wanted = set(request.POST.getlist("topic")[:MAX_TOPICS])
        shown = ", ".join(c.topic.name for c in person.choices if c.topic.public_id in wanted) or "-"
        wording = _("Send me mail about: %(topics)s") % {"topics": shown}
        preferences.choose(
            recipient=person, wanted=wanted, statement=_statement(request, person, ConsentSource.PAGE, wording)
        )
        person = recipients.recipient(organization=person.organization, token=person.token)
    return _show(request, person, "preferences", saved=person.contact is not None)


def _show(request: HttpRequest, person: Recipient, template: str, **more: Any) -> HttpResponse:
    context = {
        "person": person,
        "brand": person.brand,
        "postal_address": person.postal_address,
        "token": request.resolver_match.kwargs["token"] if request.resolver_match else "",
        "form": _sign(person, ""),
        "undo_topic": _sign(person, person.topic.public_id) if person.topic is not None else "",
        "undo_everything": _sign(person, EVERYTHING),
        **more,
    }
    return render(request, f"contacts/recipients/{template}.html", context)


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Content-Security-Policy"] = POLICY
    response["Content-Language"] = translation.get_language() or ""
    response["Vary"] = "Accept-Language"
    return response


def _is_one_click(request: HttpRequest) -> bool:
    """Whether the body is `List-Unsubscribe=One-Click`, in either encoding of RFC 8058; a bare body without type counts."""
    try:
        pairs = [(name, value) for name, values in request.POST.lists() for value in values]
        if not pairs and request.content_type != "multipart/form-data" and len(request.body) <= MAX_BARE_BODY:
            name, _, value = request.body.decode("ascii", "replace").partition("=")
            pairs = [(name, value)]
    except (BadRequest, SuspiciousOperation, MultiPartParserError, OSError):
        return False  # a body that cannot be read asks for nothing: the page is shown
    return any((name.strip().lower(), value.strip().lower()) == ONE_CLICK for name, value in pairs)


def _sign(person: Recipient, undo: str) -> str:
    token = person.token
    return signing.dumps([token.organization_id, token.contact_id, token.about, undo], salt=FORM_SALT, compress=True)


def _own_fields(request: HttpRequest, person: Recipient, *, signed: str = "form") -> dict[str, str] | None:
    """The form's fields and what the signed one says to undo; None when the form is not ours or too old."""
    token = person.token
    try:
        field = request.POST.get(signed, "")
        organization_id, contact_id, about, undo = signing.loads(field, salt=FORM_SALT, max_age=FORM_DAYS * 86_400)
        what = request.POST.get("what", "")
    except (
        signing.BadSignature,
        BadRequest,
        SuspiciousOperation,
        MultiPartParserError,
        OSError,
        ValueError,
        TypeError,
    ):
        return None
    if (organization_id, contact_id, about) != (token.organization_id, token.contact_id, token.about):
        return None
    if signed == "undo" and not undo:
        return None
    return {"what": what, "undo": undo}


def _statement(request: HttpRequest, person: Recipient, source: ConsentSource, wording: str) -> Statement:
    return Statement(
        source=source,
        wording=wording,
        ip=client_address(
            peer=request.META.get("REMOTE_ADDR", ""),
            forwarded=request.headers.get("X-Forwarded-For", ""),
            proxies=settings.TRUSTED_PROXIES,
        ),
        user_agent=request.headers.get("User-Agent", "").replace("\x00", ""),
        about=person.token.about,
    )


def _wording_of_leaving(person: Recipient, topic: Topic | None) -> str:
    if topic is None:
        return _("Stop all mail from %(brand)s") % {"brand": person.brand.name}
    return _("Unsubscribe from “%(topic)s”") % {"topic": topic.name}
