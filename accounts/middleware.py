"""Opens the tenant's scope for every request under /o/<organization>/; strangers get 404, and bring no large files."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from accounts.access import organization_for
from accounts.tenancy import TENANT_PREFIX, tenant_scope


class StrangersBodyMiddleware:
    """Refuses what nobody who is logged in uploads, before it is read: Django writes a form's files to disk, whatever their
    size, to find the form's token. Other bodies are held to DATA_UPLOAD_MAX_MEMORY_SIZE by Django itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_small = length.isdigit() and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if is_small or request.content_type != "multipart/form-data" or request.user.is_authenticated:
            return self.get_response(request)
        return HttpResponse(
            "That is more than this page takes.\n", status=413, content_type="text/plain; charset=utf-8"
        )


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
