"""Celery: wakes tasks up. The state of rows is the queue, so a lost wake-up loses nothing."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")

app = Celery("posthouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
