"""Addresses of the operator's pages about how mail leaves."""

from django.urls import path

from sending.views import operator_addresses

app_name = "leaving"

urlpatterns = [
    path("operator/addresses/", operator_addresses.list_, name="addresses"),
    path("operator/addresses/<str:address>/", operator_addresses.show, name="address"),
]
