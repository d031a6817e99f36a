"""Addresses of what a member may do in the sandbox: pull the relay's plug, publish records in its DNS, ask why."""

from django.urls import path

from posthouse.views import plug, sandbox_dns, why

app_name = "sandbox"

urlpatterns = [
    path("sandbox/plug/", plug.pull, name="pull_the_plug"),
    path("sandbox/plug/<int:relay>/", plug.result, name="plug_result"),
    path("sandbox/why/", why.ask, name="why"),
    path("sandbox/publish/", sandbox_dns.publish, name="publish"),
]
