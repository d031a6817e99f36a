"""Tags: which there are and how many people carry them, renaming, removing."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import tenant_url
from accounts.enums import Role
from contacts.access import tag_for
from contacts.actions import tags as verbs
from contacts.errors import Refused
from contacts.queries import tags


@require_safe
def list_(request: HttpRequest, org: str) -> HttpResponse:
    return render(request, "contacts/tags/list.html", {"rows": tags.listed(request.organization)})


@require_POST
def rename(request: HttpRequest, org: str, tag: int) -> HttpResponse:
    found = tag_for(request, tag, Role.MARKETER)
    try:
        verbs.rename(tag=found, name=request.POST.get("name", ""), actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect(tenant_url(request, "contacts:tags"))


@require_POST
def remove(request: HttpRequest, org: str, tag: int) -> HttpResponse:
    """Only with its name typed: whoever carried it is not remembered."""
    found = tag_for(request, tag, Role.MARKETER)
    if " ".join(request.POST.get("typed", "").split()) != found.name:
        messages.error(request, f"Type {found.name} to remove the tag from everybody.")
    else:
        had = verbs.remove(tag=found, actor=request.user)
        messages.success(request, f"The tag {found.name} is removed. {had:,} people carried it.")
    return redirect(tenant_url(request, "contacts:tags"))
