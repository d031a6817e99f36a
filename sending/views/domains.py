"""Adding and removing a sending domain. Its page, with what DNS says, is reputation's."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import require, tenant_url
from accounts.enums import Role
from sending.access import domain_for
from sending.actions import domains
from sending.errors import DomainRefused
from sending.forms.domains import DomainForm


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, org: str) -> HttpResponse:
    require(request, Role.ADMIN)
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                domain = domains.add(
                    organization=request.organization, name=form.cleaned_data["name"], actor=request.user
                )
        except DomainRefused as refused:
            form.add_error("name", str(refused))
        else:
            return redirect(tenant_url(request, "reputation:domain_added", domain=domain.public_id))
    return render(request, "sending/domains/new.html", {"form": form})


@require_POST
def remove(request: HttpRequest, org: str, domain: str) -> HttpResponse:
    found = domain_for(request, domain, need=Role.ADMIN)
    if request.POST.get("name", "").strip().lower() != found.name:
        messages.error(request, f"Type {found.name} to remove it. Nothing has changed.")
        return redirect(tenant_url(request, "reputation:domain", domain=domain))
    try:
        domains.remove(domain=found, actor=request.user)
    except DomainRefused as refused:
        messages.error(request, str(refused))
        return redirect(tenant_url(request, "reputation:domain", domain=domain))
    messages.success(request, f"{found.name} is removed.")
    return redirect(tenant_url(request, "reputation:domains"))
