"""The members of an organization and their roles."""

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts import access
from accounts.actions import memberships
from accounts.enums import Role
from accounts.errors import Refused
from accounts.models import User
from accounts.queries import houses

UNDO_SALT = "accounts.member_restore"
UNDO_FOR = 3600  # seconds


def list_(request: HttpRequest, org: str) -> HttpResponse:
    rows = houses.members(request.organization)
    given = [role for role in Role if role <= request.role]
    return render(request, "accounts/members/list.html", {"rows": rows, "roles": given[::-1]})


@require_POST
def change_role(request: HttpRequest, org: str, membership: int) -> HttpResponse:
    member = access.membership_for(request, membership, need=Role.ADMIN)
    try:
        role = Role(int(request.POST.get("role", "")))
    except ValueError:
        messages.error(request, "Choose a role of the list.")
        return _back(request)
    try:
        memberships.change_role(membership=member, role=role, actor=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{member.user} is now {role.label.lower()}.")
    return _back(request)


@require_POST
def remove(request: HttpRequest, org: str, membership: int) -> HttpResponse:
    member = access.membership_for(request, membership, need=Role.ANALYST)
    leaving = member.user_id == request.user.pk
    if not leaving:
        access.require(request, Role.ADMIN)
    try:
        memberships.remove(membership=member, actor=request.user)
    except Refused as error:
        messages.error(request, str(error))
        return _back(request)
    if leaving:
        messages.success(request, f"You left {request.organization.name}.")
        return redirect("accounts:front")
    token = signing.dumps([member.user_id, member.role, request.organization.public_id], salt=UNDO_SALT)
    undo = access.tenant_url(request, "accounts:member_restore", token=token)
    messages.success(request, f"{member.user} was removed.", extra_tags=f"undo:{undo}")
    return _back(request)


@require_POST
def restore(request: HttpRequest, org: str, token: str) -> HttpResponse:
    access.require(request, Role.ADMIN)
    try:
        user_id, role, public_id = signing.loads(token, salt=UNDO_SALT, max_age=UNDO_FOR)
    except signing.BadSignature as error:
        raise Http404 from error
    if public_id != request.organization.public_id:
        raise Http404
    try:
        user = User.objects.get(pk=user_id)
        memberships.restore(organization=request.organization, user=user, role=Role(role), actor=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{user} is back.")
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(access.tenant_url(request, "accounts:members"))
