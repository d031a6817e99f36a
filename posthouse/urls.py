"""Addresses: people's pages, the tenant's house under /o/<org>/, recipients' pages, health."""

from importlib.util import find_spec

from django.urls import include, path

from accounts.tenancy import TENANT_PREFIX


def _rooms(prefix: str, *modules: str) -> list:
    return [path(prefix, include(module)) for module in modules if find_spec(module)]


urlpatterns = [
    path("account/", include("allauth.urls")),
    *_rooms(
        "",
        "accounts.urls",
        "contacts.recipient_urls",
        "campaigns.public_urls",
        "campaigns.picture_urls",
        "campaigns.operator_urls",
        "sending.operator_urls",
        "reputation.operator_urls",
        "reputation.colleague_urls",
        "sending.report_urls",
        "posthouse.health_urls",
        "posthouse.sandbox_urls",
    ),
    path(
        f"{TENANT_PREFIX}/<slug:org>/",
        include(
            _rooms(
                "",
                "campaigns.urls",
                "reputation.urls",
                "sending.urls",
                "contacts.urls",
                "accounts.tenant_urls",
                "posthouse.tenant_urls",
            )
        ),
    ),
]
