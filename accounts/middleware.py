"""Opens the tenant's scope for every request under /o/<organization>/; strangers get 404."""

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from accounts.access import organization_for
from accounts.tenancy import TENANT_PREFIX, tenant_scope


class TenantMiddleware:
    """Sets request.organization, request.membership and request.role (None outside of a tenant's pages)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organization = request.membership = request.role = None
        if not request.path_info.startswith(f"/{TENANT_PREFIX}/"):
            return self.get_response(request)
        try:
            public_id = resolve(request.path_info).kwargs.get("org")
        except Resolver404:
            return self.get_response(request)
        if public_id is None:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        request.membership = organization_for(request.user, public_id)
        if request.membership is None:
            request.tenant_refused = True
            return self.get_response(request)
        request.organization = request.membership.organization
        request.role = request.membership.role
        with tenant_scope(request.organization):
            response = self.get_response(request)
            if response.status_code >= 500:
                # The answer says that it failed, so nothing of it may stay.
                from django.db import transaction

                transaction.set_rollback(True)
            return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        if getattr(request, "tenant_refused", False):
            raise Http404
