"""The list of people with search, filters and saved views, and adding one by hand."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from contacts.access import view_for
from contacts.actions import people as verbs
from contacts.actions import saved_views, subscriptions
from contacts.actions.subscriptions import Statement
from contacts.enums import ConsentSource
from contacts.errors import AlreadyThere, BadAddress, Refused
from contacts.forms.people import NewPersonForm
from contacts.models import SavedView
from contacts.queries import fields, filters, people, topics
from contacts.segments.tree import BadDefinition

STANDS = (("", "Subscribed"), ("pending", "Waiting for confirmation"), ("unsubscribed", "Unsubscribed"))


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    organization = request.organization
    wanted = filters.read(organization, request.GET)
    sort = request.GET.get("sort", "") if request.GET.get("sort", "") in people.SORTS else ""
    looked = cursor(request, "looked") or 0
    is_part = request.headers.get("HX-Request") == "true" and request.GET.get("part") == "rows"
    try:
        page = people.page(
            organization,
            wanted,
            sort=sort,
            after=cursor(request, "after"),
            before=cursor(request, "before"),
            is_further=is_part and looked > 0,
        )
        trouble = ""
    except BadDefinition as bad:
        page, trouble = people.Page([], total=0), bad.why
    kept = _kept(request)
    context = {
        **filters.choices(organization),
        "page": page,
        "pager": {"previous": page.previous, "next": None if page.looked else page.next},
        "looked": page.looked + looked,
        "wanted": wanted,
        "trouble": trouble,
        "states": filters.STATES.items(),
        "sources": filters.SOURCES.items(),
        "sort": sort,
        "sorts": people.SORTS.items(),
        "total": page.total if wanted.is_on else people.count(organization),
        "count_most": people.COUNT_MOST,
        "conditions": _conditions(request, wanted),
        "kept": kept,
        "kept_items": kept.items(),
        "kept_query": urlencode(kept),
        "stands": STANDS,
        "views": _views(organization, kept),
        "in_words": filters.in_words(wanted),
    }
    return render(request, "contacts/people/_part.html" if is_part else "contacts/people/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    organization = request.organization
    form = NewPersonForm(request.POST or None, fields=fields.known(organization), topics=topics.choices(organization))
    if request.method == "POST" and form.is_valid():
        try:
            contact = verbs.add(
                organization=organization,
                address=form.cleaned_data["address"],
                values={key: value for key, value in form.typed().items() if value is not None},
                locale=form.cleaned_data["locale"],
                actor=request.user,
            )
        except (AlreadyThere, BadAddress) as refused:
            form.add_error("address", str(refused))
        else:
            for topic in form.cleaned_data.get("topics") or ():
                statement = Statement(ConsentSource.MANUAL, form.cleaned_data["proof"], actor=request.user)
                subscriptions.subscribe(contact=contact, topic=topic, statement=statement)
            messages.success(request, f"{contact.name} is added.")
            return redirect(tenant_url(request, "contacts:person", contact=contact.pk))
    return render(request, "contacts/people/new.html", {"form": form})


@require_POST
def save_view(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    try:
        view = saved_views.save(
            organization=request.organization,
            name=request.POST.get("name") or request.GET.get("name", ""),
            query=urlencode(_kept(request)),
            actor=request.user,
        )
        messages.success(request, f"The view {view} is kept for everybody here.")
    except Refused as refused:
        messages.error(request, str(refused))
    return _to_list(request)


@require_POST
def rename_view(request: HttpRequest, org: str, view: str) -> HttpResponse:
    found = view_for(request, view, Role.MARKETER)
    try:
        saved_views.rename(view=found, name=request.POST.get("name", ""), actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Renamed.")
    return _to_list(request)


@require_POST
def delete_view(request: HttpRequest, org: str, view: str) -> HttpResponse:
    found = view_for(request, view, Role.MARKETER)
    saved_views.delete(view=found, actor=request.user)
    again = urlencode(QueryDict(found.query).dict() | {"name": found.name})
    undo = f"{tenant_url(request, 'contacts:view_save')}?{again}"
    messages.success(request, f"The view {found} is deleted. Nobody in it was touched.", extra_tags=f"undo:{undo}")
    return _to_list(request)


def _kept(request: HttpRequest) -> dict[str, str]:
    """What says which people and in what order, without the place in the list."""
    kept = filters.query_of(request.GET)
    return kept | (
        {"sort": request.GET["sort"]} if request.GET.get("sort") in people.SORTS and request.GET["sort"] else {}
    )


def _to_list(request: HttpRequest) -> HttpResponse:
    kept = _kept(request)
    return redirect(tenant_url(request, "contacts:people") + (f"?{urlencode(kept)}" if kept else ""))


def _views(organization: Any, kept: dict[str, str]) -> list[dict[str, Any]]:
    """The saved views; the one that is being looked at is marked."""
    here = sorted(kept.items())
    return [
        {"view": view, "is_here": bool(here) and sorted(QueryDict(view.query).dict().items()) == here}
        for view in SavedView.objects.filter(organization=organization).order_by("name")
    ]


def _conditions(request: HttpRequest, wanted: filters.Filter) -> list[dict[str, str]]:
    """Each condition in words, with the query of the list without it."""
    return [
        {"words": words, "without": urlencode({k: v for k, v in _kept(request).items() if k not in names})}
        for names, words in filters.each_in_words(wanted)
    ]


def cursor(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
