"""Addresses of sending, under a tenant's house."""

from django.urls import path

from sending.views import addresses, bounces, domains

app_name = "sending"

urlpatterns = [
    path("addresses/", addresses.list_, name="addresses"),
    path("addresses/<str:address>/", addresses.show, name="address"),
    path("bounces/", bounces.list_, name="bounces"),
    path("bounces/<slug:wave>/", bounces.show, name="bounces_of_wave"),
    path("bounces/<slug:wave>/decide/", bounces.decide, name="bounces_decide"),
    path("new-domain/", domains.new, name="domain_new"),
    path("domains/<slug:domain>/remove/", domains.remove, name="domain_remove"),
]
