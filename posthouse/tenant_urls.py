"""Addresses of what a member may do to the sandbox: pull the relay's plug, publish records in its DNS."""

from django.urls import path

from posthouse.views import plug, sandbox_dns

app_name = "sandbox"

urlpatterns = [
    path("sandbox/plug/", plug.pull, name="pull_the_plug"),
    path("sandbox/plug/<int:relay>/", plug.result, name="plug_result"),
    path("sandbox/publish/", sandbox_dns.publish, name="publish"),
]
