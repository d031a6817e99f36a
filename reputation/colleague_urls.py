"""Addresses of the page for whoever publishes the records: no login, a signed token."""

from django.urls import path

from reputation.views import colleagues

app_name = "colleagues"

urlpatterns = [
    path("dns/<str:token>/", colleagues.page, name="page"),
    path("dns/<str:token>/look/", colleagues.look, name="look"),
]
