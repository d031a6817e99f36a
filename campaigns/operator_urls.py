"""Addresses of the operator's pages."""

from django.urls import path

from campaigns.views import rulings

app_name = "operating"

urlpatterns = [
    path("operator/rulings/", rulings.list_, name="rulings"),
    path("operator/rulings/new/<slug:kind>/", rulings.new, name="ruling_new"),
    path("operator/rulings/<int:ruling>/end/", rulings.end, name="ruling_end"),
    path("operator/rulings/<int:ruling>/extend/", rulings.extend, name="ruling_extend"),
]
