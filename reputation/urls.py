"""Addresses of reputation, under a tenant's house."""

from django.urls import path

from reputation.views import dmarc, domains, warmups

app_name = "reputation"

urlpatterns = [
    path("addresses/<str:address>/warm-up/", warmups.show, name="warmup"),
    path("addresses/<str:address>/warm-up/overflow/", warmups.overflow, name="warmup_overflow"),
    path("addresses/<str:address>/warm-up/<slug:act>/", warmups.change, name="warmup_change"),
    path("domains/", domains.list_, name="domains"),
    path("domains/<slug:domain>/", domains.domain, name="domain"),
    path("domains/<slug:domain>/added/", domains.added, name="domain_added"),
    path("domains/<slug:domain>/records/", domains.records, name="domain_records"),
    path("domains/<slug:domain>/dmarc/", dmarc.show, name="domain_dmarc"),
    path("domains/<slug:domain>/check/", domains.check, name="domain_check"),
]
