"""Addresses of the sandbox's inbox. There is none of this where the sandbox is off."""

from django.urls import path

from posthouse.views import inbox

app_name = "posthouse"

urlpatterns = [
    path("sandbox/inbox/", inbox.list_, name="inbox"),
    path("sandbox/inbox/<int:message>/", inbox.message, name="message"),
    path("sandbox/inbox/<int:message>/html/", inbox.html, name="message_html"),
    path("sandbox/inbox/<int:message>/source/", inbox.source, name="message_source"),
]
