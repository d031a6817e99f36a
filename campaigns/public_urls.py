"""Addresses that need no login: the web version of a mail, a brand's archive with its feed, shared reports. No closing slash:
these stand in mail, which breaks lines where it likes."""

from django.urls import path

from campaigns.views import archive, shared_reports, web_versions

app_name = "public"

urlpatterns = [
    path("v/<str:token>", web_versions.show, name="web_version"),
    path("r/<str:token>", shared_reports.show, name="shared_report"),
    path("archive/<slug:brand>", archive.list_, name="archive"),
    path("archive/<slug:brand>/feed.atom", archive.feed, name="archive_feed"),
    path("archive/<slug:brand>/<slug:campaign>", archive.show, name="archive_mail"),
]
