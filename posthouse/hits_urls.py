"""All that the link host shows beside pixels and clicks: recipients' pages, their brand's colour, the pictures in mail,
web versions, archives and shared reports."""

from django.urls import include, path

from accounts.views import brands

urlpatterns = [
    path("", include("contacts.recipient_urls")),
    path("", include("campaigns.picture_urls")),
    path("", include("campaigns.public_urls")),
    path("", include(([path("brand/<slug:colour>.css", brands.stylesheet, name="brand_css")], "accounts"))),
]
