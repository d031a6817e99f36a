"""All that can be reached on the link host beside pixels and clicks: the recipients' pages and their brand's colour."""

from django.urls import include, path

from accounts.views import brands

urlpatterns = [
    path("", include("contacts.recipient_urls")),
    path("", include(([path("brand/<slug:colour>.css", brands.stylesheet, name="brand_css")], "accounts"))),
]
