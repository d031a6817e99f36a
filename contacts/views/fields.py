"""Fields: the list in its order, a new one, its page, its name, archiving. What rewrites values is in field_work."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may, require, tenant_url
from accounts.enums import Role
from contacts.access import field_for
from contacts.actions import field_work
from contacts.actions import fields as verbs
from contacts.errors import Refused
from contacts.forms.fields import ChoicesForm, ConvertForm, FieldForm, MergeForm, NameForm
from contacts.models import Field
from contacts.queries import fields


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    rows = fields.rows(request.organization, archived=True)
    in_work = fields.in_work(request.organization)
    context = {
        "rows": [(row, in_work.get(row.key)) for row in rows if (row.archived_at is not None) == archived],
        "has_archived": any(row.archived_at for row in rows),
        "archived": archived,
    }
    return render(request, "contacts/fields/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = FieldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            field = verbs.create(organization=request.organization, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("label", str(refused))
        else:
            messages.success(request, f"{field} is there. Imports and people's pages can have it now.")
            return redirect(tenant_url(request, "contacts:fields"))
    return render(request, "contacts/fields/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, org: str, field: str) -> HttpResponse:
    """The field's page; posting gives it another name."""
    found = field_for(request, field, Role.MARKETER if request.method == "POST" else Role.ANALYST)
    form = NameForm(request.POST or None, initial={"label": found.label})
    if request.method == "POST" and form.is_valid():
        try:
            verbs.rename(field=found, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("label", str(refused))
        else:
            messages.success(request, "Saved.")
            return to_field(request, found)
    return page(request, found, name=form)


@require_POST
def order(request: HttpRequest, org: str) -> HttpResponse:
    """Either the whole order (`keys`, joined by commas) or one step (`up` or `down` with a key)."""
    require(request, Role.MARKETER)
    for name, by in (("up", -1), ("down", 1)):
        if request.POST.get(name):
            verbs.move(field=field_for(request, request.POST[name], Role.MARKETER), by=by, actor=request.user)
    if keys := request.POST.get("keys", ""):
        verbs.order(organization=request.organization, keys=keys.split(","), actor=request.user)
    return redirect(tenant_url(request, "contacts:fields"))


@require_POST
def archive(request: HttpRequest, org: str, field: str) -> HttpResponse:
    found = field_for(request, field, Role.MARKETER)
    try:
        verbs.archive(field=found, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return to_field(request, found)
    undo = tenant_url(request, "contacts:field_restore", field=found.key)
    messages.success(request, f"{found} is archived. What people have in it is kept.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "contacts:fields"))


@require_POST
def restore(request: HttpRequest, org: str, field: str) -> HttpResponse:
    found = field_for(request, field, Role.MARKETER)
    try:
        verbs.restore(field=found, actor=request.user)
    except Refused as refused:
        messages.error(request, f"{refused} Give one of them another name first.")
    else:
        messages.success(request, f"{found} is back.")
    return to_field(request, found)


def page(
    request: HttpRequest,
    field: Field,
    *,
    name: NameForm | None = None,
    choices: ChoicesForm | None = None,
    convert: ConvertForm | None = None,
    merge: MergeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The field's page, with the form that was just refused."""
    rows = fields.rows(request.organization)
    others = [one for one in rows if field_work.mergeable(field, one)]
    job = fields.last_work(field)
    busy = fields.in_work(request.organization).get(field.key)
    is_live = field.archived_at is None and busy is None and may(request, Role.MARKETER)
    listed = field.kind in verbs.LISTED
    choices = choices or ChoicesForm(field=field)
    context = {
        "field": field,
        "is_standard": field.key in fields.STANDARD,
        "busy": busy,
        "job": job,
        "name": name or NameForm(initial={"label": field.label}),
        "is_listed": listed,
        "lines": _lines(field, choices) if listed else [],
        "choices": choices if listed else None,
        "convert": (convert or ConvertForm(field=field)) if is_live and field.key not in fields.STANDARD else None,
        "merge": (merge or MergeForm(field=field, others=others)) if is_live and others else None,
        "uses": [(use, tenant_url(request, use.page, **dict(use.args))) for use in fields.uses(field)],
        "is_live": is_live,
    }
    return render(request, "contacts/fields/show.html", context, status=status)


def to_field(request: HttpRequest, field: Field) -> HttpResponse:
    return redirect(tenant_url(request, "contacts:field", field=field.key))


def _lines(field: Field, form: ChoicesForm) -> list[dict[str, object]]:
    counts = fields.counts_of_choices(field)
    return [{**line, "people": None if counts is None else counts.get(line["was"], 0)} for line in form.lines()]
