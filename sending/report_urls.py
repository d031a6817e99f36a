"""Addresses that ESPs report to."""

from django.urls import path

from sending.views import esp_reports

app_name = "reports"

urlpatterns = [path("reports/<slug:account>", esp_reports.take, name="esp")]
