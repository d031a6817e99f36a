"""Addresses of sending, under a tenant's house."""

from django.urls import path

from sending.views import domains

app_name = "sending"

urlpatterns = [
    path("new-domain/", domains.new, name="domain_new"),
    path("domains/<slug:domain>/remove/", domains.remove, name="domain_remove"),
]
