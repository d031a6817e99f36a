"""Signing up: the hosted page, forms on other sites that post here, and the page behind a confirm link.

No login, no cookies, no JavaScript, nothing done by GET. What is posted counts with a stamp of ours only (contacts/stamps.py);
everything else gets the page again with what was typed, so that no person is lost and no robot gets in unasked.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Organization
from accounts.tenancy import tenant_scope_id
from contacts import addresses, languages, stamps, tokens
from contacts.actions import signups
from contacts.actions.signups import Confirmation, Entry
from contacts.adapters import signup_limits
from contacts.enums import SignupState
from contacts.forms import signups as cleaning
from contacts.forms.signups import Posted, Problem
from contacts.models import Contact, Signup, SignupForm, Topic
from contacts.queries import signup_forms
from contacts.queries import signups as links
from contacts.queries.signup_forms import Shown
from contacts.views.recipient_pages import UNREADABLE, agent_of, ip_of, private

MAX_BODY = 64 * 1024
CONFIRM_SALT = "contacts.signups.confirm"
CONFIRM_SECONDS = 86_400


# --- The form ---------------------------------------------------------------------------------------------------------
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hosted(request: HttpRequest, form: str) -> HttpResponse:
    """GET shows the form and changes nothing; POST takes what this page, or the form's HTML on another site, sends."""
    organization_id = signup_forms.organization_of(form)
    if organization_id is None:
        return _unknown(request)
    with tenant_scope_id(organization_id):
        found = SignupForm.objects.select_related("brand", "organization").get(public_id=form)
        data = _data(request) if request.method == "POST" else None
        stamp = stamps.read(data.get(cleaning.STAMP, ""), form=form) if data else None
        language = stamp.language if stamp else _language(request, found)
        with translation.override(language):
            shown = signup_forms.shown(found, language=language)
            if not shown.is_open:
                return _answer(request, "closed", shown, status=410)
            if data is None:
                if request.method == "POST":
                    return _answer(request, "form", shown, status=413, notice=_("That was too much to take."))
                return _answer(request, "form", shown)
            return _take(request, shown, data, stamp)


def _take(request: HttpRequest, shown: Shown, data: QueryDict, stamp: stamps.Stamp | None) -> HttpResponse:
    posted = cleaning.from_page(data, shown)
    if posted.is_empty:
        return _answer(request, "form", shown)
    notice = _doubt(request, shown, posted, stamp)
    if notice:
        return _answer(request, "form", shown, posted=posted, notice=notice)
    cleaned = cleaning.clean(posted, shown)
    if cleaned.address is None:
        return _answer(request, "form", shown, posted=posted, problems=cleaned.problems, status=422)
    if not signup_limits.visitor_may_post(form_id=shown.form.pk, ip=ip_of(request)):
        notice = _("There are more sign-ups here than we can take right now. Please try again in ten minutes.")
        return _answer(request, "form", shown, posted=posted, notice=notice, status=429)
    sign_up(request, shown, cleaned, stamp)
    if shown.form.redirect_url:
        return _private(HttpResponseRedirect(shown.form.redirect_url, status=303), shown.form)
    return _answer(request, "thanks", shown, address=cleaned.address.address)


def sign_up(request: HttpRequest, shown: Shown, cleaned: cleaning.Cleaned, stamp: stamps.Stamp | None) -> None:
    """Take what was cleaned and has an address. Without a stamp it was said beside the words as they are now."""
    assert cleaned.address is not None
    entry = Entry(
        address=cleaned.address,
        topics=cleaned.topics,
        values=cleaned.values,
        wording=stamp.wording if stamp else shown.wording,
        language=shown.language,
        ip=ip_of(request),
        user_agent=agent_of(request),
    )
    signups.sign_up(form=shown.form, entry=entry)


def _doubt(request: HttpRequest, shown: Shown, posted: Posted, stamp: stamps.Stamp | None) -> str:
    """Why a person has to press once more; "" when there is no reason. Nothing is stored then, and the page says so."""
    if stamp is None or not _from_a_known_site(request, shown.form, stamp):
        return _("One thing is left: please check what you typed, and press the button here.")
    if stamp.is_too_old():
        return _("This page was open for too long. Nothing has been sent yet: please press once more.")
    if posted.trap or stamp.is_too_quick():
        return _("That was very quick. If you are no robot, please press once more.")
    return ""


def _from_a_known_site(request: HttpRequest, form: SignupForm, stamp: stamps.Stamp) -> bool:
    """Whether the form's HTML may be where it is: anywhere, unless the form names its sites.

    A browser that does not tell where it comes from ("null", or nothing) is not known then.
    """
    if stamp.made_at is not None or not form.origins:
        return True  # our own page, or a form for everywhere
    return request.headers.get("Origin", "") in form.origins


# --- The confirm link -------------------------------------------------------------------------------------------------
def _link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Opens the token of a confirm link and its organization's scope; the view gets the sign-up and its person."""

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        opened = tokens.read(token)
        if opened is None:
            return _unknown(request)
        try:
            with tenant_scope_id(opened.organization_id):
                signup = links.behind(opened)
                if signup is not None:
                    language = signup_forms.language_for(
                        signup.form, accept=request.headers.get("Accept-Language", ""), chosen=signup.locale
                    )
                    with translation.override(language):
                        return view(request, token, signup, signup_forms.shown(signup.form, language=language))
        except Organization.DoesNotExist:
            pass
        return _unknown(request)

    return answer


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_link
def confirm(request: HttpRequest, token: str, signup: Signup, shown: Shown) -> HttpResponse:
    """GET shows what is confirmed, and a button. POST with the page's own signed field confirms; without it, as GET."""
    person = Contact.objects.filter(pk=signup.contact_id, erased_at=None).first()
    if signup.state in (SignupState.SUBSCRIBED, SignupState.AGAIN):
        return _link_answer(request, "already", shown, token, signup, person)
    if person is None or signups.is_too_old(signup):
        return _link_answer(request, "too_old", shown, token, signup, person)
    if request.method != "POST" or not _pressed(request, signup):
        return _link_answer(request, "confirm", shown, token, signup, person, again=request.method == "POST")
    outcome = signups.confirm(
        signup=signup, wording=_said(shown, signup), ip=ip_of(request), user_agent=agent_of(request)
    )
    page = {Confirmation.DONE: "confirmed", Confirmation.STOPPED: "stopped", Confirmation.TOO_OLD: "too_old"}
    return _link_answer(request, page.get(outcome, "already"), shown, token, signup, person)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_link
def again(request: HttpRequest, token: str, signup: Signup, shown: Shown) -> HttpResponse:
    """A fresh mail in the place of a link that is too old. By POST with the page's own field only."""
    person = Contact.objects.filter(pk=signup.contact_id, erased_at=None).first()
    if request.method != "POST" or not _pressed(request, signup) or person is None or not signups.is_too_old(signup):
        page = "too_old" if person is None or signups.is_too_old(signup) else "confirm"
        return _link_answer(request, page, shown, token, signup, person)
    if not signup_limits.visitor_may_post(form_id=signup.form_id, ip=ip_of(request)):
        return _link_answer(request, "too_old", shown, token, signup, person, status=429)
    signups.ask_again(signup=signup, ip=ip_of(request), user_agent=agent_of(request))
    return _link_answer(request, "asked_again", shown, token, signup, person)


def _link_answer(
    request: HttpRequest,
    page: str,
    shown: Shown,
    token: str,
    signup: Signup,
    person: Contact | None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    topics = list(Topic.objects.filter(pk__in=signup.topic_ids)) if signup.topic_ids else shown.topics
    context = {
        "shown": shown,
        "brand": shown.brand,
        "postal_address": shown.brand.postal_address or shown.form.organization.postal_address,
        "signup": signup,
        "topics": topics,
        "names": signup_forms.names(topics),
        "question": _question(shown, topics),
        "address": addresses.masked(person.address) if person else "",
        "person_known": person is not None and shown.is_open,
        "token": token,
        "preferences": tokens.mint(organization_id=signup.organization_id, contact_id=signup.contact_id),
        "pressed": signing.dumps(signup.pk, salt=CONFIRM_SALT),
        "too_many": status == 429,
        **more,
    }
    return _private(render(request, f"contacts/signups/{page}.html", context, status=status), shown.form)


def _pressed(request: HttpRequest, signup: Signup) -> bool:
    """Whether the POST comes from the button of our own page."""
    data = _data(request)
    try:
        field = str(data.get("pressed", "")) if data else ""
        said = signing.loads(field, salt=CONFIRM_SALT, max_age=CONFIRM_SECONDS)
    except (signing.BadSignature, ValueError):
        return False
    return bool(said == signup.pk)


def _said(shown: Shown, signup: Signup) -> str:
    """The words of the confirm page, as the ledger keeps them."""
    topics = list(Topic.objects.filter(pk__in=signup.topic_ids))
    return "\n".join([_question(shown, topics), signup.wording, _("Yes, I do")])


def _question(shown: Shown, topics: list[Topic]) -> str:
    return _("Do you want to get %(topics)s from %(brand)s by mail?") % {
        "topics": signup_forms.names(topics),
        "brand": shown.brand.name,
    }


# --- Both -------------------------------------------------------------------------------------------------------------
def _answer(
    request: HttpRequest,
    page: str,
    shown: Shown,
    *,
    status: int = 200,
    posted: Posted | None = None,
    problems: list[Problem] | None = None,
    **more: Any,
) -> HttpResponse:
    context = page_context(shown, made_at=time.time(), posted=posted, problems=problems) | more
    return _private(render(request, f"contacts/signups/{page}.html", context, status=status), shown.form)


def page_context(
    shown: Shown,
    *,
    made_at: float | None,
    posted: Posted | None = None,
    problems: list[Problem] | None = None,
) -> dict[str, Any]:
    """What the form's templates need: also of its preview and of its HTML for other sites (`made_at` None)."""
    return {
        "shown": shown,
        "brand": shown.brand,
        "postal_address": shown.brand.postal_address or shown.form.organization.postal_address,
        "controls": cleaning.controls(shown, posted, problems or []),
        "ticked": set(posted.topics) if posted else set(),
        "topics_problem": next((one.words for one in problems or [] if one.field == "topics"), ""),
        "problems": problems or [],
        "names": signup_forms.names(shown.topics),
        "stamp": stamps.make(
            form=shown.form.public_id, wording=shown.wording, language=shown.language, made_at=made_at
        ),
        "language": shown.language,
    }


def _unknown(request: HttpRequest) -> HttpResponse:
    with translation.override(languages.best(accept=request.headers.get("Accept-Language", ""))):
        return _private(render(request, "contacts/signups/unknown.html", {}, status=404), None)


def _private(response: HttpResponse, form: SignupForm | None) -> HttpResponse:
    return private(response, leads_to=form.redirect_url if form is not None else "")


def _language(request: HttpRequest, form: SignupForm) -> str:
    return signup_forms.language_for(
        form, chosen=request.GET.get("language", ""), accept=request.headers.get("Accept-Language", "")
    )


def _data(request: HttpRequest) -> QueryDict | None:
    """The posted fields; empty for a body that cannot be read, None for one that is too large."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        return None
    try:
        return request.POST
    except UNREADABLE:
        return QueryDict()
