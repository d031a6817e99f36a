"""Addresses of sending, under a tenant's house."""

from django.urls import path

from sending.views import addresses, bounces, domains, routes

app_name = "sending"

urlpatterns = [
    path("addresses/", addresses.list_, name="addresses"),
    path("addresses/<str:address>/", addresses.show, name="address"),
    path("bounces/", bounces.list_, name="bounces"),
    path("bounces/<slug:wave>/", bounces.show, name="bounces_of_wave"),
    path("bounces/<slug:wave>/decide/", bounces.decide, name="bounces_decide"),
    path("services/", routes.list_, name="services"),
    path("services/connect/", routes.choose, name="service_choose"),
    path("services/connect/<slug:kind>/", routes.new, name="service_new"),
    path("services/ways/<slug:kind>/", routes.route, name="service_route"),
    path("services/<slug:account>/", routes.show, name="service"),
    path("services/<slug:account>/change/", routes.change, name="service_change"),
    path("services/<slug:account>/test/", routes.test, name="service_test"),
    path("services/<slug:account>/disconnect/", routes.disconnect, name="service_disconnect"),
    path("new-domain/", domains.new, name="domain_new"),
    path("domains/<slug:domain>/remove/", domains.remove, name="domain_remove"),
]
