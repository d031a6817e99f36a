"""Addresses of pictures: MEDIA_URL, on web and link host."""

from django.urls import re_path

from campaigns.views import pictures

app_name = "pictures"

urlpatterns = [
    re_path(
        r"^media/(?P<org>[A-Za-z0-9_-]{1,20})/(?P<name>[0-9a-f]{32}(?:-\d{3})?)\.(?P<suffix>png|jpg|gif)$",
        pictures.serve,
        name="picture",
    ),
]
