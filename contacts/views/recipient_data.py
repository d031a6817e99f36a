"""One's own data: asking for the one-hour link, and the page behind it, where GET shows and POST does.

The token of a mail gets no further than `ask`: it learns the masked address, and a mail goes to the address on file.
"""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Organization
from accounts.queries import houses
from accounts.tenancy import tenant_scope_id
from contacts import addresses, languages, links
from contacts.actions import privacy_requests
from contacts.actions.privacy_requests import Asked
from contacts.enums import RequestKind
from contacts.errors import Refused
from contacts.models import Contact, Preference, PrivacyRequest
from contacts.queries.recipients import Recipient
from contacts.views.personal_data import as_file
from contacts.views.recipient_pages import UNREADABLE, is_ours, page, private, show, unknown

MAX_ADDRESS = 400


@page("GET", "HEAD", "POST")
def ask(request: HttpRequest, person: Recipient) -> HttpResponse:
    """What one may ask for; a POST mails the link. Says no more than the masked address, whatever happens."""
    if request.method != "POST":
        return show(request, person, "data")
    kind = _kind(request)
    if kind is None or not is_ours(request, person):
        return show(request, person, "data", again=kind is not None)
    if person.contact is None or not person.address:
        return show(request, person, "data")
    asked = privacy_requests.ask(contact=person.contact, brand=person.brand, kind=kind)
    return show(request, person, "data", asked=asked.value, is_by_hand=asked is Asked.BY_HAND)


def _kind(request: HttpRequest) -> RequestKind | None:
    try:
        return RequestKind(request.POST.get("ask", ""))
    except UNREADABLE:
        return None


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def use(request: HttpRequest, link: str) -> HttpResponse:
    """The page behind the mailed link. The link is the authority: it is in nobody's hands but the mailbox's owner's."""
    opened = links.read(link)
    if opened is None:
        return unknown(request)
    try:
        with tenant_scope_id(opened.organization_id) as organization:
            wish = PrivacyRequest.objects.filter(pk=opened.request_id).select_related("organization").first()
            contact = Contact.objects.filter(pk=wish.contact_id or 0, erased_at=None).first() if wish else None
            if wish is None:
                return unknown(request)
            with translation.override(_language(request, contact)):
                context = {"wish": wish, "link": link, "brand": houses.default_brand(organization), "contact": contact}
                if opened.is_too_old or _is_over(wish) or not privacy_requests.is_for(wish, contact, opened):
                    return _page(request, "over", context)
                return _answer(request, wish, contact, opened, context)
    except Organization.DoesNotExist:
        return unknown(request)


def _answer(
    request: HttpRequest, wish: PrivacyRequest, contact: Contact | None, opened: links.Link, context: dict[str, Any]
) -> HttpResponse:
    context["address"] = addresses.masked(
        wish.new_address if opened.step == links.NEW else contact.address if contact else ""
    )
    pressed = _pressed(request)
    if wish.kind == RequestKind.ACCESS:
        return _access(request, wish, pressed, context)
    if wish.kind == RequestKind.ERASURE:
        return _erasure(request, wish, pressed, context)
    if opened.step == links.NEW:
        return _new_address(request, wish, pressed, context)
    return _address(request, wish, pressed, context)


def _access(request: HttpRequest, wish: PrivacyRequest, pressed: str, context: dict[str, Any]) -> HttpResponse:
    if pressed not in ("show", "download"):
        return _page(request, "access", context)
    privacy_requests.verified(request=wish)
    held = privacy_requests.give(request=wish)
    if pressed == "download":
        return private(as_file(held, f"my-data-{timezone.now():%Y-%m-%d}.json"))
    return _page(request, "held", {**context, "held": held})


def _erasure(request: HttpRequest, wish: PrivacyRequest, pressed: str, context: dict[str, Any]) -> HttpResponse:
    if pressed != "erase":
        return _page(request, "erase", context)
    privacy_requests.verified(request=wish)
    record = privacy_requests.erase(request=wish)
    return _page(
        request,
        "erased",
        {**context, "address": "", "record": record, "until": date.fromisoformat(record["backups_until"])},
    )


def _address(request: HttpRequest, wish: PrivacyRequest, pressed: str, context: dict[str, Any]) -> HttpResponse:
    if pressed != "propose":
        return _page(request, "address", context)
    typed = request.POST.get("address", "")[:MAX_ADDRESS].strip()
    privacy_requests.verified(request=wish)
    try:
        new = privacy_requests.propose_address(request=wish, address=typed, brand=context["brand"])
    except Refused as refused:
        return _page(request, "address", {**context, "typed": typed, "problem": str(refused)})
    return _page(request, "address", {**context, "new": addresses.masked(new)})


def _new_address(request: HttpRequest, wish: PrivacyRequest, pressed: str, context: dict[str, Any]) -> HttpResponse:
    if pressed != "confirm":
        return _page(request, "new_address", context)
    try:
        change = privacy_requests.change_address(request=wish)
    except Refused:
        return _page(request, "new_address", {**context, "is_refused": True})
    return _page(request, "new_address", {**context, "change": change.value})


def _is_over(wish: PrivacyRequest) -> bool:
    """Closed, and not by the very page that it opens: what was shown may be shown again within the hour."""
    return wish.closed_at is not None and not (wish.kind == RequestKind.ACCESS and wish.verified_at is not None)


def _pressed(request: HttpRequest) -> str:
    try:
        return request.POST.get("do", "") if request.method == "POST" else ""
    except UNREADABLE:
        return ""


def _page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    brand = context["brand"]
    context = {"postal_address": brand.postal_address or brand.organization.postal_address, **context}
    return private(render(request, f"contacts/recipients/own/{name}.html", context))


def _language(request: HttpRequest, contact: Contact | None) -> str:
    own = Preference.objects.filter(contact=contact).first() if contact else None
    return languages.best(
        chosen=own.language if own else "",
        accept=request.headers.get("Accept-Language", ""),
        known=contact.locale if contact else "",
    )
