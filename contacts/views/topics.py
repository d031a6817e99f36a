"""Topics: the list with its subscribers, a new one, editing, archiving."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import require, tenant_url
from accounts.enums import Role
from accounts.queries import houses
from contacts.access import topic_for
from contacts.actions import topics as verbs
from contacts.errors import AlreadyThere
from contacts.forms.topics import TopicForm
from contacts.queries import preferences, topics


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    rows = topics.listed(request.organization, archived=archived)
    brands = len({topic.brand_id for topic in rows}) > 1
    context = {
        "rows": rows,
        "archived": archived,
        "show_brand": brands,
        "kept": None if archived else preferences.kept(request.organization),
    }
    return render(request, "contacts/topics/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.MARKETER)
    form = TopicForm(request.POST or None, organization=request.organization, is_new=True)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        brand = facts.pop("brand", None) or houses.default_brand(request.organization)
        try:
            topic = verbs.create(organization=request.organization, brand=brand, actor=request.user, **facts)
        except AlreadyThere as taken:
            form.add_error("name", str(taken))
        else:
            messages.success(request, f"{topic} is there. People can be subscribed to it now.")
            return redirect(_wanted(request) or tenant_url(request, "contacts:topics"))
    return render(request, "contacts/topics/edit.html", {"form": form, "topic": None, "back": _wanted(request)})


def _wanted(request: HttpRequest) -> str:
    """The page that sent somebody here to make a topic, if it is one of ours."""
    wanted = request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, org: str, topic: str) -> HttpResponse:
    found = topic_for(request, topic, Role.MARKETER)
    initial = {name: getattr(found, name) for name in ("name", "description", "is_public", "double_opt_in")}
    form = TopicForm(request.POST or None, organization=request.organization, is_new=False, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            verbs.edit(topic=found, actor=request.user, **form.cleaned_data)
        except AlreadyThere as taken:
            form.add_error("name", str(taken))
        else:
            messages.success(request, "Saved.")
            return redirect(tenant_url(request, "contacts:topics"))
    return render(request, "contacts/topics/edit.html", {"form": form, "topic": found})


@require_POST
def archive(request: HttpRequest, org: str, topic: str) -> HttpResponse:
    found = topic_for(request, topic, Role.MARKETER)
    verbs.archive(topic=found, actor=request.user)
    undo = tenant_url(request, "contacts:topic_restore", topic=found.public_id)
    messages.success(request, f"{found} is archived. Its subscriptions are kept.", extra_tags=f"undo:{undo}")
    return redirect(tenant_url(request, "contacts:topics"))


@require_POST
def restore(request: HttpRequest, org: str, topic: str) -> HttpResponse:
    found = topic_for(request, topic, Role.MARKETER)
    verbs.restore(topic=found, actor=request.user)
    messages.success(request, f"{found} is back.")
    return redirect(tenant_url(request, "contacts:topics"))
