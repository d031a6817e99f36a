"""What all recipients' pages have in common: the token that opens them, the language, the headers, the signed form field.

The token in the address is the authority; `form` is a signed field of our own, so that only forms that we made work
(one-click posts, RFC 8058, come without one and are recognised by their body).
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.client_address import client_address
from accounts.models import Organization
from accounts.tenancy import tenant_scope_id
from contacts import languages, tokens
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource
from contacts.queries import recipients
from contacts.queries.recipients import Recipient

FORM_SALT = "contacts.recipients.form"
FORM_DAYS = 30
UNREADABLE = (BadRequest, SuspiciousOperation, MultiPartParserError, OSError, ValueError, TypeError)
MOST_MADE = 500  # different pages that are kept ready
_PLACE = f"at-{secrets.token_hex(8)}-{{}}-"  # where a person's own parts go; nobody can write it into a brand's name
_made: dict[tuple[Any, ...], str] = {}
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'{more}; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def page(*methods: str) -> Callable[..., Any]:
    """A recipient's page: opens the token and the organization's scope, chooses the language, and sets the headers."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, token: str) -> HttpResponse:
            opened = tokens.read(token)
            if opened is None:
                return unknown(request)
            if request.method != "POST":  # nothing is changed, so one look without a transaction is enough
                return spoken(request, recipients.recipient(token=opened))
            try:
                with tenant_scope_id(opened.organization_id):
                    return spoken(request, recipients.recipient(token=opened))
            except Organization.DoesNotExist:
                return unknown(request)

        def spoken(request: HttpRequest, person: Recipient | None) -> HttpResponse:
            if person is None:
                return unknown(request)
            with translation.override(language_of(request, person)):
                return private(view(request, person))

        return csrf_exempt(require_http_methods([*methods])(answer))

    return decorate


def language_of(request: HttpRequest, person: Recipient) -> str:
    """Their own choice, else what their browser asks for, else what we know of them."""
    return languages.best(
        chosen=person.language,
        accept=request.headers.get("Accept-Language", ""),
        known=person.contact.locale if person.contact else "",
    )


def unknown(request: HttpRequest) -> HttpResponse:
    """404 for a link that we did not make, or of which a part got lost."""
    with translation.override(languages.best(accept=request.headers.get("Accept-Language", ""))):
        return private(render(request, "contacts/recipients/unknown.html", status=404))


def private(response: HttpResponse, *, leads_to: str = "") -> HttpResponse:
    """Kept nowhere, found by no search engine, told to no other site, and free of scripts. `leads_to`: the page of another
    site that a posted form ends at, because browsers hold a redirect after a form to form-action too."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    there = urlsplit(leads_to)
    response["Content-Security-Policy"] = POLICY.format(more=f" {there.scheme}://{there.netloc}" if leads_to else "")
    response.headers.setdefault("Content-Language", translation.get_language() or "")
    response["Vary"] = "Accept-Language"
    return response


def show(request: HttpRequest, person: Recipient, template: str, **more: Any) -> HttpResponse:
    """A page of contacts/recipients/ about a person. `more` goes to the template; what of it is callable is signed or looked
    up only when the page has a place for it.

    Thousands open the same page within minutes of a send. What differs is put in afterwards, so that it is made once.
    """
    token = request.resolver_match.kwargs["token"] if request.resolver_match else ""
    own: dict[str, Callable[[], str]] = {
        "token": lambda: token,
        "form": lambda: sign(person, ""),
        "address": lambda: person.address,
        **{name: value for name, value in more.items() if callable(value)},
    }
    same = {name: value for name, value in more.items() if name not in own}
    language = translation.get_language() or ""
    text = None
    if request.method != "POST":
        key = (template, language, person.looks, *same.items())
        text = _made.get(key)
    if text is None:
        context = {"person": person, "brand": person.brand, "postal_address": person.postal_address}
        places = {name: _PLACE.format(name) for name in own}
        if not person.address:
            places["address"] = ""
        text = render_to_string(f"contacts/recipients/{template}.html", {**context, **same, **places}, request)
        if request.method != "POST":
            if len(_made) >= MOST_MADE:
                _made.clear()
            _made[key] = text
    for name, value in own.items():
        if (place := _PLACE.format(name)) in text:
            text = text.replace(place, escape(value()))
    response = HttpResponse(text)
    response["Content-Language"] = language
    return response


def sign(person: Recipient, undo: str) -> str:
    """A field that only we can make, for this person and mail; `undo`: what its press takes back, "" for none."""
    token = person.token
    return signing.dumps([token.organization_id, token.contact_id, token.about, undo], salt=FORM_SALT, compress=True)


def is_ours(request: HttpRequest, person: Recipient) -> bool:
    """Whether the posted form is one that we made for this person, and not too long ago."""
    return _opened(request, person, "form") is not None


def undo_of(request: HttpRequest, person: Recipient) -> str:
    """What the posted form takes back; "" when it is not ours, too old, or takes nothing back."""
    return _opened(request, person, "undo") or ""


def _opened(request: HttpRequest, person: Recipient, name: str) -> str | None:
    token = person.token
    try:
        field = request.POST.get(name, "")
        organization_id, contact_id, about, undo = signing.loads(field, salt=FORM_SALT, max_age=FORM_DAYS * 86_400)
    except (signing.BadSignature, *UNREADABLE):
        return None
    if (organization_id, contact_id, about) != (token.organization_id, token.contact_id, token.about):
        return None
    return str(undo)


def statement(request: HttpRequest, person: Recipient, source: ConsentSource, wording: str) -> Statement:
    """What the consent ledger keeps of this press of a button."""
    return Statement(
        source=source,
        wording=wording,
        ip=ip_of(request),
        user_agent=agent_of(request),
        about=person.token.about,
    )


def ip_of(request: HttpRequest) -> str | None:
    return client_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.headers.get("X-Forwarded-For", ""),
        proxies=settings.TRUSTED_PROXIES,
    )


def agent_of(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "").replace("\x00", "")[:300]
