"""Celery: wakes tasks up. The state of rows is the queue, so a lost wake-up loses nothing."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "posthouse.settings")

app = Celery("posthouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def _beat(sender: Celery, **_: object) -> None:
    """The worker shows /healthz that it lives."""
    from posthouse.heartbeat import Heartbeat  # needs settings, which are read when the app is configured

    sender.steps["worker"].add(Heartbeat)
