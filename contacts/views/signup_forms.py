"""Sign-up forms as members make them: the list, a new one, editing with a preview, and how people get to it."""

import io
import json
from dataclasses import asdict
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from accounts.queries import houses
from contacts import languages
from contacts.access import form_for
from contacts.actions import signup_forms as verbs
from contacts.errors import AlreadyThere
from contacts.forms.signup_forms import SignupFormForm
from contacts.models import SignupForm, Topic
from contacts.queries import disputes, signup_forms
from contacts.queries.signup_forms import Shown
from contacts.views.signups import page_context

EXAMPLES = {"number": 3, "date": "2026-11-22", "datetime": "2026-11-22T18:30", "boolean": True, "url": "https://…"}


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    context = {
        "rows": signup_forms.listed(request.organization, archived=archived),
        "archived": archived,
        "has_topics": Topic.objects.filter(organization=request.organization, archived_at=None).exists(),
    }
    return render(request, "contacts/signup_forms/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = SignupFormForm(request.POST or None, organization=request.organization)
    if request.method == "POST" and form.is_valid():
        try:
            made = verbs.create(
                organization=request.organization, brand=form.brand(), facts=form.facts(), actor=request.user
            )
        except AlreadyThere as taken:
            form.add_error("name", str(taken))
        else:
            messages.success(request, f"{made} is there. This is how people get to it.")
            return redirect(tenant_url(request, "contacts:form", form=made.public_id))
    return _editor(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, form: str) -> HttpResponse:
    found = form_for(request, form, Role.MARKETER)
    editing = SignupFormForm(request.POST or None, organization=request.organization, form=found)
    if request.method == "POST" and editing.is_valid():
        try:
            verbs.edit(form=found, brand=editing.brand(), facts=editing.facts(), actor=request.user)
        except AlreadyThere as taken:
            editing.add_error("name", str(taken))
        else:
            messages.success(
                request, "Saved. The hosted page has it at once; HTML on other sites when it is copied again."
            )
            return redirect(tenant_url(request, "contacts:form", form=found.public_id))
    return _editor(request, editing, found)


@require_POST
def preview(request: HttpRequest, org: str) -> HttpResponse:
    """The form as far as it is typed, in a frame."""
    require(request, Role.MARKETER)
    form = SignupFormForm(request.POST, organization=request.organization)
    form.is_valid()
    facts = form.facts()
    chosen = form.cleaned_data.get("topics") or []
    brand = chosen[0].brand if chosen else houses.default_brand(request.organization)
    draft = SignupForm(organization=request.organization, brand=brand, **asdict(facts))
    return render(request, "contacts/signup_forms/_preview.html", {"page": _page(draft)})


@require_safe
def show(request: HttpRequest, org: str, form: str) -> HttpResponse:
    """How people get to the form: its link, its QR code, its HTML, its JSON endpoint; and what came of it."""
    found = form_for(request, form)
    language = found.locale or languages.best(chosen=request.GET.get("language", ""))
    shown = signup_forms.shown(found, language=language)
    address = signup_forms.address_of(found)
    context = {
        "form": found,
        "row": signup_forms.row(found),
        "disputed": disputes.of_form(found),
        "shown": shown,
        "address": address,
        "embed": embed(shown, address),
        "curl": _curl(shown, address),
        "answer": json.dumps(
            {"result": "mailed", "must_confirm": shown.must_confirm, "redirect_url": found.redirect_url or None},
            indent=2,
        ),
        "languages": [] if found.locale else settings.LANGUAGES,
        "language": language,
    }
    return render(request, "contacts/signup_forms/show.html", context)


@require_safe
def qr_code(request: HttpRequest, org: str, form: str, kind: str) -> HttpResponse:
    """The hosted page's address as a picture, `kind` svg or png; with ?download=1 as a file."""
    found = form_for(request, form)
    code = segno.make(signup_forms.address_of(found), error="m", micro=False)
    out = io.BytesIO()
    code.save(out, kind=kind, scale=10, border=4)
    response = HttpResponse(out.getvalue(), content_type={"svg": "image/svg+xml", "png": "image/png"}[kind])
    if request.GET.get("download"):
        response["Content-Disposition"] = f'attachment; filename="sign-up-{found.public_id}.{kind}"'
    return response


@require_POST
def archive(request: HttpRequest, org: str, form: str) -> HttpResponse:
    found = form_for(request, form, Role.MARKETER)
    verbs.archive(form=found, actor=request.user)
    undo = tenant_url(request, "contacts:form_restore", form=found.public_id)
    messages.success(request, f"{found} is closed: it takes nobody any more.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "contacts:forms"))


@require_POST
def restore(request: HttpRequest, org: str, form: str) -> HttpResponse:
    found = form_for(request, form, Role.MARKETER)
    try:
        verbs.restore(form=found, actor=request.user)
        messages.success(request, f"{found} is open again.")
    except AlreadyThere as taken:
        messages.error(request, f"{taken} Give the other one another name first.")
    return redirect(tenant_url(request, "contacts:forms"))


def embed(shown: Shown, address: str) -> str:
    """The form as plain HTML for another site: it works without JavaScript and brings no style of its own."""
    with translation.override(shown.language):
        context = page_context(shown, made_at=None) | {"address": address}
        text = render_to_string("contacts/signup_forms/embed.html", context)
    return "\n".join(line for line in text.splitlines() if line.strip())


def _editor(request: HttpRequest, form: SignupFormForm, found: SignupForm | None) -> HttpResponse:
    if found is not None and not form.is_bound:
        draft = found
    else:
        typed = asdict(form.facts()) if form.is_bound else {}
        brand = houses.default_brand(request.organization)
        draft = SignupForm(organization=request.organization, brand=brand, **typed)
    context = {"form": form, "found": found, "page": _page(draft)}
    return render(request, "contacts/signup_forms/edit.html", context, status=422 if form.errors else 200)


def _page(draft: SignupForm) -> str:
    """The hosted page of a form that need not be saved."""
    language = draft.locale or settings.LANGUAGE_CODE
    shown = signup_forms.shown(draft, language=language)
    with translation.override(language):
        return render_to_string("contacts/signups/form.html", page_context(shown, made_at=0.0))


def _curl(shown: Shown, address: str) -> str:
    body: dict[str, Any] = {"email": "name@example.org"}
    if shown.asked:
        body["fields"] = {
            asked.kind.key: (list(asked.kind.choices[:2]) if asked.kind.kind == "multi" else asked.kind.choices[0])
            if asked.kind.choices
            else EXAMPLES.get(asked.kind.kind, "…")
            for asked in shown.asked
        }
    if shown.may_choose:
        body["topics"] = [shown.topics[0].public_id]
    text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return f"curl {address}.json \\\n  -H 'Content-Type: application/json' \\\n  -d '{text}'"
