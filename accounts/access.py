"""The doors: who may enter an organization, and who may do what in it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.enums import Role
from accounts.models import Membership, User
from accounts.tenancy import person_scope


def organization_for(user: User, public_id: str) -> Membership | None:
    """The person's membership (with its organization), or None for strangers."""
    with person_scope(user.pk):
        return (
            Membership.objects.select_related("organization")
            .filter(user=user, organization__public_id=public_id, organization__is_house=False)
            .first()
        )


def may(request: HttpRequest, need: Role) -> bool:
    """Whether the member of this request has at least the role."""
    return request.role is not None and request.role >= need


def require(request: HttpRequest, need: Role) -> None:
    """Raise PermissionDenied (403) unless the member of this request has at least the role."""
    if not may(request, need):
        raise PermissionDenied(f"This needs the role {need.label}.")


def membership_for(request: HttpRequest, pk: int, *, need: Role = Role.ADMIN) -> Membership:
    """A member of this request's organization. Raises Http404, PermissionDenied."""
    require(request, need)
    return get_object_or_404(
        Membership.objects.select_related("user", "organization"), organization=request.organization, pk=pk
    )


def tenant_url(request: HttpRequest, name: str, **kwargs: Any) -> str:
    """The address of a tenant's page of this request's organization."""
    return reverse(name, kwargs={"org": request.organization.public_id, **kwargs})


def for_operators(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page of the operator of this installation; everybody else is not told that it is there (404)."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
