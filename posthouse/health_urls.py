"""Addresses for load balancers and for `up`."""

from django.urls import path

from posthouse import health

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("healthz", health.healthz, name="healthz"),
]
