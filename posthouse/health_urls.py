"""Addresses for load balancers, for `up` and for Prometheus."""

from django.urls import path

from posthouse import health, metrics

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", metrics.show, name="metrics"),
]
