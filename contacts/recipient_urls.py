"""Addresses of the recipients' pages. No closing slash and no redirect: a one-click POST must never meet one (RFC 8058)."""

from django.urls import path

from contacts.views import recipients, signup_api, signups

app_name = "recipients"

urlpatterns = [
    path("u/<str:token>", recipients.unsubscribe, name="unsubscribe"),
    path("u/<str:token>/leave", recipients.leave, name="leave"),
    path("u/<str:token>/undo", recipients.undo, name="undo"),
    path("p/<str:token>", recipients.choose, name="preferences"),
    path("f/<slug:form>", signups.hosted, name="form"),
    path("f/<slug:form>.json", signup_api.endpoint, name="form_json"),
    path("s/<str:token>", signups.confirm, name="confirm"),
    path("s/<str:token>/again", signups.again, name="confirm_again"),
]
