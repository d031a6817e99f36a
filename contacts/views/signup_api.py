"""The JSON endpoint of a sign-up form: GET says what the form asks, POST signs up. docs/using/sign-up-forms.md.

Browsers may use it from the form's own sites only (CORS); servers send no Origin and may always. Errors are
{"error": {"code", "message", "fields": [{"field", "code", "message", "detail"}]}}; codes never change.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.tenancy import tenant_scope_id
from contacts import stamps
from contacts.adapters import signup_limits
from contacts.forms import signup_json
from contacts.forms import signups as cleaning
from contacts.forms.signup_json import BadBody
from contacts.models import SignupForm
from contacts.queries import signup_forms
from contacts.queries.signup_forms import Shown
from contacts.views.recipient_pages import UNREADABLE, ip_of
from contacts.views.signups import sign_up

PREFLIGHT_SECONDS = 600


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST", "OPTIONS"])
def endpoint(request: HttpRequest, form: str) -> HttpResponse:
    organization_id = signup_forms.organization_of(form)
    if organization_id is None:
        return _error(404, "no_such_form", "There is no such form.")
    with tenant_scope_id(organization_id):
        found = SignupForm.objects.select_related("brand", "organization").get(public_id=form)
        return _open(_dispatch(request, found), request, found)


def _dispatch(request: HttpRequest, form: SignupForm) -> HttpResponse:
    origin = request.headers.get("Origin", "")
    if origin and origin not in form.origins:
        return _error(
            403,
            "origin_not_allowed",
            f"Pages of {origin[:200]} may not use this form. Add the site to the form's list of sites.",
        )
    if request.method == "OPTIONS":
        return HttpResponse(status=204)
    language = signup_forms.language_for(
        form, chosen=request.GET.get("language", ""), accept=request.headers.get("Accept-Language", "")
    )
    shown = signup_forms.shown(form, language=language)
    if not shown.is_open:
        return _error(410, "closed", "This form is closed. Nothing has been stored.")
    if request.method != "POST":
        return JsonResponse(_described(shown))
    if request.content_type != "application/json":
        return _error(415, "not_json", "Send the body as application/json.")
    return _take(request, form, language)


def _take(request: HttpRequest, form: SignupForm, language: str) -> HttpResponse:
    try:
        data = signup_json.read(_body(request))
        told = data.get("language", "")
        if isinstance(told, str) and told:
            language = signup_forms.language_for(form, chosen=told)
        shown = signup_forms.shown(form, language=language)
        posted = signup_json.posted(data, shown)
    except BadBody as bad:
        return _error(413 if bad.code == "too_large" else 400, bad.code, str(bad), field=bad.field)
    stamp = stamps.read(posted.stamp, form=form.public_id) if posted.stamp else None
    if posted.stamp and stamp is None:
        return _error(400, "bad_stamp", "The stamp is not one that GET gave for this form.", field="stamp")
    if posted.trap:
        return _error(422, "trap_filled", "website has to stay empty: only robots fill it in.", field="website")
    with translation.override(shown.language):
        cleaned = cleaning.clean(posted, shown)
    if cleaned.address is None:
        return JsonResponse(
            {
                "error": {
                    "code": "invalid",
                    "message": "Some fields cannot be taken. Nothing has been stored.",
                    "fields": [
                        {"field": one.field, "code": one.code, "message": one.words, "detail": one.detail}
                        for one in cleaned.problems
                    ],
                }
            },
            status=422,
        )
    if not signup_limits.visitor_may_post(form_id=form.pk, ip=ip_of(request)):
        answer = _error(429, "too_many", "Too many sign-ups from here. Try again in ten minutes.")
        answer["Retry-After"] = str(signup_limits.WINDOW)
        return answer
    sign_up(request, shown, cleaned, stamp)
    return JsonResponse(
        {"result": "mailed", "must_confirm": shown.must_confirm, "redirect_url": form.redirect_url or None}, status=202
    )


def _described(shown: Shown) -> dict[str, Any]:
    return {
        "title": shown.title,
        "intro": shown.intro,
        "wording": shown.wording,
        "button": shown.button,
        "thanks": shown.thanks,
        "language": shown.language,
        "must_confirm": shown.must_confirm,
        "lets_choose": shown.may_choose,
        "topics": [
            {"id": topic.public_id, "name": topic.name, "description": topic.description} for topic in shown.topics
        ],
        "fields": [
            {
                "key": asked.kind.key,
                "label": asked.label,
                "kind": asked.kind.kind,
                "required": asked.required,
                "choices": list(asked.kind.choices),
            }
            for asked in shown.asked
        ],
        "stamp": stamps.make(form=shown.form.public_id, wording=shown.wording, language=shown.language, made_at=None),
    }


def _body(request: HttpRequest) -> bytes:
    length = request.headers.get("Content-Length", "")
    too_large = BadBody("too_large", f"The body is larger than {signup_json.MAX_BYTES:,} bytes.")
    if length.isdigit() and int(length) > signup_json.MAX_BYTES:
        raise too_large
    try:
        return request.body
    except UNREADABLE as error:
        raise too_large from error


def _error(status: int, code: str, message: str, *, field: str = "") -> JsonResponse:
    fields = [{"field": field, "code": code, "message": message, "detail": ""}] if field else []
    return JsonResponse({"error": {"code": code, "message": message, "fields": fields}}, status=status)


def _open(response: HttpResponse, request: HttpRequest, form: SignupForm) -> HttpResponse:
    """CORS (the Fetch standard) for the form's own sites, and no one else's."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Vary"] = "Origin, Accept-Language"
    origin = request.headers.get("Origin", "")
    if origin and origin in form.origins:
        response["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response["Access-Control-Allow-Methods"] = "GET, POST"
            response["Access-Control-Allow-Headers"] = "Content-Type"
            response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
