"""Pages of organizations: the choice, founding one, its settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import access
from accounts.actions import organizations
from accounts.enums import Role
from accounts.forms.organizations import OrganizationForm, SettingsForm
from accounts.queries import houses
from accounts.views.front import home_url


@login_required
def list_(request: HttpRequest) -> HttpResponse:
    rows = [(membership, home_url(membership.organization)) for membership in houses.memberships_of(request.user)]
    return render(request, "accounts/organizations/list.html", {"rows": rows})


@login_required
def new(request: HttpRequest) -> HttpResponse:
    form = OrganizationForm(request.POST or None, initial={"time_zone": "UTC"})
    if not form.is_bound:
        form.fields["time_zone"].widget.attrs["data-detects-time-zone"] = True
    if request.method == "POST" and form.is_valid():
        organization = organizations.found(owner=request.user, **form.cleaned_data)
        return redirect(home_url(organization))
    first = not houses.memberships_of(request.user)
    return render(request, "accounts/organizations/new.html", {"form": form, "first": first})


def settings(request: HttpRequest, org: str) -> HttpResponse:
    form = SettingsForm(request.POST or None, instance=request.organization)
    if request.method == "POST":
        access.require(request, Role.ADMIN)
        if form.is_valid():
            organizations.change(organization=request.organization, actor=request.user, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect(access.tenant_url(request, "accounts:settings"))
        request.organization.refresh_from_db()  # the form wrote what was typed into it; the shell shows what is
    return render(request, "accounts/organizations/settings.html", {"form": form})
