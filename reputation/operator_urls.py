"""Addresses of the operator's pages about how our mail is received."""

from django.urls import path

from reputation.views import operator_warmups

app_name = "warming"

urlpatterns = [
    path("operator/addresses/<str:address>/warm-up/", operator_warmups.show, name="warmup"),
    path("operator/addresses/<str:address>/warm-up/<slug:act>/", operator_warmups.change, name="warmup_change"),
]
