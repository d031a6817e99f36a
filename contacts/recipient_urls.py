"""Addresses of the recipients' pages. No closing slash and no redirect: a one-click POST must never meet one (RFC 8058)."""

from django.urls import path

from contacts.views import recipient_data, recipient_preferences, recipients, signup_api, signups

app_name = "recipients"

urlpatterns = [
    path("u/<str:token>", recipients.unsubscribe, name="unsubscribe"),
    path("u/<str:token>/leave", recipients.leave, name="leave"),
    path("u/<str:token>/undo", recipients.undo, name="undo"),
    path("u/<str:token>/never", recipients.never, name="never"),
    path("p/<str:token>", recipient_preferences.choose, name="preferences"),
    path("p/<str:token>/rhythm", recipient_preferences.rhythm, name="rhythm"),
    path("p/<str:token>/language", recipient_preferences.speak, name="language"),
    path("p/<str:token>/data", recipient_data.ask, name="data"),
    path("d/<str:link>", recipient_data.use, name="link"),
    path("f/<slug:form>", signups.hosted, name="form"),
    path("f/<slug:form>.json", signup_api.endpoint, name="form_json"),
    path("s/<str:token>", signups.confirm, name="confirm"),
    path("s/<str:token>/again", signups.again, name="confirm_again"),
]
