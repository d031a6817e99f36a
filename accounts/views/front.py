"""The front door: to a person's one organization, to the choice of several, to founding the first; to the operator's pages."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse

from accounts.models import Organization
from accounts.queries import houses


def home_url(organization: Organization) -> str:
    """The organization's home page, which belongs to a floor above; its settings where there is no such floor."""
    try:
        return reverse("campaigns:home", kwargs={"org": organization.public_id})
    except NoReverseMatch:
        return reverse("accounts:settings", kwargs={"org": organization.public_id})


def operator_url() -> str:
    """The first of the operator's pages, of a floor above; "" where there is none."""
    try:
        return reverse("operating:rulings")
    except NoReverseMatch:
        return ""


@login_required
def front(request: HttpRequest) -> HttpResponse:
    memberships = houses.memberships_of(request.user)
    if not memberships and request.user.is_staff and (operating := operator_url()):
        return redirect(operating)
    if not memberships:
        return redirect("accounts:organization_new")
    if len(memberships) == 1:
        return redirect(home_url(memberships[0].organization))
    return redirect("accounts:organizations")
