"""Privacy requests: what is due, one with its closing record, and the deeds that answer it. Erasing is an admin's."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from accounts.queries import houses
from contacts.access import privacy_request_for
from contacts.actions import privacy_requests as verbs
from contacts.enums import RequestChannel, RequestKind
from contacts.errors import BadAddress, NotThisWay
from contacts.forms.privacy_requests import NewRequestForm
from contacts.models import Contact, PrivacyRequest
from contacts.queries import privacy_requests
from contacts.views.people import cursor
from contacts.views.personal_data import as_file


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    page = privacy_requests.page(request.organization, after=cursor(request, "after"), before=cursor(request, "before"))
    return render(request, "contacts/privacy_requests/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    """One that came by letter, phone or mail."""
    require(request, Role.MARKETER)
    form = NewRequestForm(request.POST or None, initial={"received": timezone.now().date()})
    if request.method == "POST" and form.is_valid():
        try:
            wish = verbs.receive(
                organization=request.organization,
                kind=RequestKind(form.cleaned_data["kind"]),
                channel=RequestChannel(form.cleaned_data["channel"]),
                address=form.cleaned_data["address"],
                note=form.cleaned_data["note"],
                received_at=form.received_at,
                actor=request.user,
            )
        except BadAddress as refused:
            form.add_error("address", str(refused))
        else:
            messages.success(request, "Noted. Now find out whether it is really them.")
            return _to(request, wish)
    return render(request, "contacts/privacy_requests/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def show(request: HttpRequest, org: str, wish: str) -> HttpResponse:
    return _show(request, privacy_request_for(request, wish))


@require_POST
def mail_link(request: HttpRequest, org: str, wish: str) -> HttpResponse:
    """The identity check: a one-hour link to the address on file."""
    found = privacy_request_for(request, wish, Role.MARKETER)
    try:
        verbs.mail_link(request=found, brand=houses.default_brand(request.organization), actor=request.user)
        messages.success(request, "A link is on its way to the address on file. It is good for one hour.")
    except NotThisWay as refused:
        messages.error(request, str(refused))
    return _to(request, found)


@require_POST
def data(request: HttpRequest, org: str, wish: str) -> HttpResponse:
    """All that we hold, as JSON, to be sent to whoever asked by letter."""
    found = privacy_request_for(request, wish, Role.ADMIN)
    try:
        held = verbs.give(request=found, actor=request.user)
    except NotThisWay as refused:
        messages.error(request, str(refused))
        return _to(request, found)
    return as_file(held, f"request-{found.public_id}.json")


@require_POST
def erase(request: HttpRequest, org: str, wish: str) -> HttpResponse:
    """It cannot be undone, so the address is typed."""
    found = privacy_request_for(request, wish, Role.ADMIN)
    if request.POST.get("typed", "").strip() != found.address:
        return _show(request, found, trouble=f"Type {found.address} to erase this person.", status=422)
    try:
        verbs.erase(request=found, actor=request.user)
        messages.success(request, "This person is forgotten. The closing record is below.")
    except NotThisWay as refused:
        messages.error(request, str(refused))
    return _to(request, found)


@require_POST
def refuse(request: HttpRequest, org: str, wish: str) -> HttpResponse:
    return _in_words(request, wish, lambda found, words: verbs.refuse(request=found, why=words, actor=request.user))


@require_POST
def close(request: HttpRequest, org: str, wish: str) -> HttpResponse:
    return _in_words(request, wish, lambda found, words: verbs.close(request=found, how=words, actor=request.user))


def _in_words(request: HttpRequest, wish: str, deed: Any) -> HttpResponse:
    found = privacy_request_for(request, wish, Role.ADMIN)
    try:
        deed(found, request.POST.get("words", ""))
        messages.success(request, "Closed.")
    except NotThisWay as refused:
        messages.error(request, str(refused))
    return _to(request, found)


def _show(request: HttpRequest, wish: PrivacyRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    contact = Contact.objects.filter(pk=wish.contact_id, erased_at=None).first() if wish.contact_id else None
    context = {
        "wish": wish,
        "contact": contact,
        "can_be_mailed": contact is not None and verbs.gets_app_mail(contact),
        "trouble": trouble,
        "given": [(what.replace("_", " "), n) for what, n in wish.record.get("given", {}).items() if n],
        "backups_until": _day(wish.record.get("backups_until")),
    }
    return render(request, "contacts/privacy_requests/show.html", context, status=status)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _to(request: HttpRequest, wish: PrivacyRequest) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:privacy_request", wish=wish.public_id))
